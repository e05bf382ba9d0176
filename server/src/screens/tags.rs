//! 标签: words that people hang on screens to find them again as a group, whatever type, area or department they are of.
//!
//! They are free text, so they are trimmed and compared exactly: two tags are one only if they are the same letters.

use super::{ScreenError, Screens, store};

/// The most tags of one screen.
pub const MOST_TAGS: usize = 20;

/// The most characters of a tag.
pub const LONGEST_TAG: usize = 20;

/// A tag that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagInUse {
    /// The tag.
    pub tag: String,
    /// On how many screens in service.
    pub screens: usize,
}

/// A tag as it is kept: trimmed; `None` if it is empty, too long, or has control characters.
pub fn checked_tag(tag: &str) -> Option<String> {
    let tag = tag.trim();
    let length = tag.chars().count();
    let fit = (1..=LONGEST_TAG).contains(&length) && !tag.chars().any(char::is_control);
    fit.then(|| tag.to_owned())
}

/// The tags of one screen as they are kept: each once, in the order given.
pub(super) fn checked_tags(given: &[String]) -> Result<Vec<String>, ScreenError> {
    let mut tags: Vec<String> = Vec::with_capacity(given.len().min(MOST_TAGS));
    for tag in given {
        let tag = checked_tag(tag).ok_or(ScreenError::BadTag)?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
        if tags.len() > MOST_TAGS {
            return Err(ScreenError::TooManyTags);
        }
    }
    Ok(tags)
}

impl Screens {
    /// The tags of all screens in service, in the order of their text: what pickers offer.
    pub async fn tags(&self) -> Result<Vec<TagInUse>, ScreenError> {
        let counts = store::screens::tags(&self.db).await?;
        Ok(counts.into_iter().map(|(tag, screens)| TagInUse { tag, screens }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(given: &[&str]) -> Result<Vec<String>, ScreenError> {
        checked_tags(&given.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn tags_are_trimmed_and_each_is_kept_once_in_the_order_given() {
        assert_eq!(tags(&[" 重点 ", "门口", "重点"]).unwrap(), ["重点", "门口"]);
        assert_eq!(tags(&[]).unwrap(), Vec::<String>::new());
        let longest = "标".repeat(LONGEST_TAG);
        assert_eq!(tags(&[&longest]).unwrap(), [longest]);
    }

    #[test]
    fn a_tag_that_is_empty_too_long_or_no_text_is_refused() {
        for bad in ["", "  ", "一\n二", "\u{0}", &"标".repeat(LONGEST_TAG + 1)] {
            assert!(matches!(tags(&["好", bad]), Err(ScreenError::BadTag)), "{bad:?}");
        }
    }

    #[test]
    fn a_screen_has_twenty_tags_at_most_repeated_ones_not_counted() {
        let many: Vec<_> = (0..=MOST_TAGS).map(|n| format!("标签{n}")).collect();
        assert!(matches!(checked_tags(&many), Err(ScreenError::TooManyTags)));
        let twice: Vec<_> = many[..MOST_TAGS].iter().chain(&many[..MOST_TAGS]).cloned().collect();
        assert_eq!(checked_tags(&twice).unwrap(), many[..MOST_TAGS]);
    }
}
