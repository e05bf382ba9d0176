//! Breaking a slogan into lines as a Chinese typesetter would: no mark at the start of a line, no opening quote at its end,
//! no number or word torn apart, breaks where the sentence breathes, lines of nearly equal length, marks hanging at line ends.

use std::ops::Range;

/// One character (or what is set as one), and how wide it is in ems.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cluster {
    /// The character.
    pub character: char,
    /// Byte position in the text.
    pub start: usize,
    /// Advance in ems.
    pub width: f32,
}

/// A text broken into lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// Byte ranges of the lines, without the blanks at their ends.
    pub lines: Vec<Range<usize>>,
    /// Width in ems of the widest line, marks hanging at its end not counted.
    pub widest: f32,
    /// How badly it reads: 0 = every break where one would take breath, and all lines equally long.
    pub ugliness: f32,
}

/// Words of this trade that must not be torn between two lines. Not a dictionary: the words slogans are made of.
const WORDS: &str = include_str!("words.txt");

fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

/// Marks that must not begin a line.
fn closes(c: char) -> bool {
    "，。、；：！？）》」』】〉”’…—～·％‰℃,.;:!?)]}%~".contains(c)
}

/// Marks that must not end a line.
fn opens(c: char) -> bool {
    "（《「『【〈“‘([{￥¥$＃#".contains(c)
}

/// How much of a mark may hang out at the end of a line, in parts of its width: the ink of a full-width comma is in its left corner.
fn hangs(c: char) -> f32 {
    match c {
        '，' | '。' | '、' | '；' | '：' | ',' | '.' | ';' | ':' => 1.0,
        '！' | '？' | '”' | '’' | '》' | '」' | '』' | '】' | '）' => 0.5,
        _ => 0.0,
    }
}

/// What a break after cluster `i` costs; `None` where none is allowed.
fn break_costs(text: &str, clusters: &[Cluster]) -> Vec<Option<f32>> {
    let mut depth = 0_i32;
    let mut costs = Vec::with_capacity(clusters.len());
    for (i, cluster) in clusters.iter().enumerate() {
        let here = cluster.character;
        if opens(here) {
            depth += 1;
        } else if "）》」』】〉”’)]}".contains(here) {
            depth = (depth - 1).max(0);
        }
        let Some(next) = clusters.get(i + 1).map(|c| c.character) else {
            costs.push(Some(0.0));
            continue;
        };
        let latin = |c: char| c.is_ascii_alphanumeric() || "-_./@:+&'".contains(c);
        // A blank after an opening mark does not make it a place to break.
        let before = clusters[..=i].iter().rev().map(|c| c.character).find(|&c| !is_blank(c)).unwrap_or(here);
        let forbidden = opens(before) || closes(next) || is_blank(next) || (latin(here) && latin(next));
        let mut cost = match here {
            c if is_blank(c) => 0.0,
            '。' | '！' | '？' | '；' | '，' | '：' | ',' | ';' | '!' | '?' => 0.0,
            '、' => 0.2,
            c if closes(c) => 0.25,
            _ if opens(next) => 0.3,
            c if latin(c) != latin(next) => 0.4,
            _ => 0.5,
        };
        if depth > 0 {
            cost += 0.6;
        }
        // Particles lean on what stands before them, prepositions on what follows.
        if "的了着过吗呢吧啊地得们".contains(next) {
            cost += 1.0;
        }
        if "把将被让向给在与和或到从对为以请勿莫".contains(here) {
            cost += 0.7;
        }
        // One character cut off from the phrase that it begins or ends.
        let breathes = |at: Option<&Cluster>| at.is_some_and(|c| is_blank(c.character) || closes(c.character));
        let begins = i > 0 && breathes(clusters.get(i - 1)) && !closes(here) && !is_blank(here);
        if begins || breathes(clusters.get(i + 2)) {
            cost += 1.0;
        }
        costs.push((!forbidden).then_some(cost));
    }
    for word in WORDS.split_whitespace() {
        for (at, _) in text.match_indices(word) {
            let inner = at..at + word.len() - word.chars().next_back().map_or(0, char::len_utf8);
            for (cluster, cost) in clusters.iter().zip(&mut costs) {
                if inner.contains(&cluster.start) {
                    *cost = cost.map(|c| if c < 2.0 { c + 2.5 } else { c });
                }
            }
        }
    }
    costs
}

/// The best way to break `text` into exactly `count` lines; `None` if there is no allowed one.
pub fn break_into(text: &str, clusters: &[Cluster], count: usize) -> Option<Broken> {
    let n = clusters.len();
    if count == 0 || count > n {
        return None;
    }
    let costs = break_costs(text, clusters);
    let span = |from: usize, to: usize| visual_width(&clusters[from..to]);
    let target = (span(0, n) / count as f32).max(f32::EPSILON);
    let line_cost = |from: usize, to: usize| {
        let width = span(from, to);
        let lonely = if count > 1 && width < 1.6 { 1.5 } else { 0.0 };
        // 不轻信 不透露 不转账: either all in one line or each in its own.
        let blanks = trimmed(&clusters[from..to]).iter().filter(|c| is_blank(c.character)).count();
        let run_together = if count > 1 { 2.2 * blanks as f32 } else { 0.0 };
        ((width - target) / target).powi(2) * 2.0 + lonely + run_together
    };
    // best[k][to]: cost of setting clusters 0..to in k lines, and where the last of them begins.
    let mut best: Vec<Vec<Option<(f32, usize)>>> = vec![vec![None; n + 1]; count + 1];
    best[0][0] = Some((0.0, 0));
    for k in 1..=count {
        for to in k..=n {
            let Some(break_cost) = costs[to - 1] else { continue };
            for from in (k - 1)..to {
                let Some((before, _)) = best[k - 1][from] else { continue };
                let cost = before + line_cost(from, to) + break_cost;
                if best[k][to].is_none_or(|(known, _)| cost < known) {
                    best[k][to] = Some((cost, from));
                }
            }
        }
    }
    let (ugliness, _) = best[count][n]?;
    let mut bounds = vec![n];
    for k in (1..=count).rev() {
        let (_, from) = best[k][*bounds.last()?]?;
        bounds.push(from);
    }
    bounds.reverse();
    let mut widest = 0.0_f32;
    let mut lines = Vec::with_capacity(count);
    for pair in bounds.windows(2) {
        let line = trimmed(&clusters[pair[0]..pair[1]]);
        let (first, last) = (line.first()?, line.last()?);
        widest = widest.max(visual_width(line));
        lines.push(first.start..last.start + last.character.len_utf8());
    }
    Some(Broken { lines, widest, ugliness })
}

fn trimmed(line: &[Cluster]) -> &[Cluster] {
    let from = line.iter().position(|c| !is_blank(c.character)).unwrap_or(line.len());
    let to = line.iter().rposition(|c| !is_blank(c.character)).map_or(from, |last| last + 1);
    &line[from..to]
}

/// The width that the eye centres: without blanks and without what hangs at the end.
fn visual_width(line: &[Cluster]) -> f32 {
    let line = trimmed(line);
    let full: f32 = line.iter().map(|c| c.width).sum();
    let hanging: f32 =
        line.iter().rev().map_while(|c| Some(hangs(c.character)).filter(|&h| h > 0.0).map(|h| h * c.width)).sum();
    full - hanging
}

/// How many ems of marks hang at the end of this line of text.
pub fn hanging(line: &[Cluster]) -> f32 {
    let line = trimmed(line);
    line.iter().map(|c| c.width).sum::<f32>() - visual_width(line)
}

/// The clusters that lie in a byte range of the text.
pub fn within(clusters: &[Cluster], range: &Range<usize>) -> Vec<Cluster> {
    clusters.iter().copied().filter(|c| range.contains(&c.start)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clusters(text: &str) -> Vec<Cluster> {
        let width = |c: char| if c.is_ascii() { 0.55 } else { 1.0 };
        text.char_indices().map(|(start, character)| Cluster { character, start, width: width(character) }).collect()
    }

    fn lines(text: &str, count: usize) -> Vec<&str> {
        let broken = break_into(text, &clusters(text), count).unwrap();
        broken.lines.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_couplet_breaks_at_its_comma() {
        assert_eq!(lines("不轻信陌生来电，不透露银行密码", 2), ["不轻信陌生来电，", "不透露银行密码"]);
        assert_eq!(lines("天上不会掉馅饼 网上刷单是陷阱", 2), ["天上不会掉馅饼", "网上刷单是陷阱"]);
    }

    #[test]
    fn words_and_numbers_stay_whole() {
        for count in 2..=5 {
            let set = lines("凡是要求提供短信验证码的都是诈骗请拨96110", count);
            assert!(set.iter().any(|line| line.contains("验证码")), "{set:?}");
            assert!(set.iter().any(|line| line.contains("96110")), "{set:?}");
        }
    }

    #[test]
    fn a_text_that_cannot_be_broken_that_often_gives_nothing() {
        assert_eq!(break_into("96110", &clusters("96110"), 2), None);
        assert_eq!(break_into("骗！", &clusters("骗！"), 2), None);
        assert_eq!(break_into("", &[], 1), None);
    }

    proptest! {
        #[test]
        fn no_line_starts_with_a_closing_or_ends_with_an_opening_mark(
            text in "[不轻信陌生来电转账汇款要核实0-9A-Z，。！？“”《》（） ]{1,40}", count in 1_usize..8
        ) {
            prop_assume!(!text.trim().is_empty());
            if let Some(broken) = break_into(&text, &clusters(&text), count) {
                prop_assert_eq!(broken.lines.len(), count);
                for (i, range) in broken.lines.iter().enumerate() {
                    let line = &text[range.clone()];
                    prop_assert!(i == 0 || !line.starts_with(closes), "{line}");
                    prop_assert!(i + 1 == count || !line.ends_with(opens), "{line}");
                }
                let kept: String = broken.lines.iter().map(|r| &text[r.clone()]).collect::<String>().replace(' ', "");
                prop_assert_eq!(kept, text.replace(' ', ""), "every character is still there, in order");
            }
        }
    }
}
