//! 区划代码: the 12-digit statistical codes, where a child shares its parent's prefix.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A 12-digit administrative area code: province 2 digits, prefecture 2, county 2, township 3, village 3; what is not
/// said is zeros. In JSON and text always the 12 digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaCode([u8; AreaCode::DIGITS]);

/// How deep in the tree an area lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AreaLevel {
    /// 省, 2 significant digits.
    Province,
    /// 市, 4.
    Prefecture,
    /// 县(区), 6.
    County,
    /// 乡镇(街道), 9.
    Township,
    /// 村(社区), 12.
    Village,
}

impl AreaLevel {
    /// From the widest to the narrowest.
    pub const ALL: [Self; 5] = [Self::Province, Self::Prefecture, Self::County, Self::Township, Self::Village];

    /// How many leading digits say an area of this level.
    pub const fn digits(self) -> usize {
        match self {
            Self::Province => 2,
            Self::Prefecture => 4,
            Self::County => 6,
            Self::Township => 9,
            Self::Village => 12,
        }
    }

    /// The name an official uses.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::Province => "省级",
            Self::Prefecture => "市级",
            Self::County => "县级",
            Self::Township => "乡级",
            Self::Village => "村级",
        }
    }
}

/// The text was not 12 digits, or names no province.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("区划代码须为 12 位数字，前两位为省级代码")]
pub struct InvalidAreaCode;

impl AreaCode {
    const DIGITS: usize = 12;

    /// Its level: that of its last group of digits that is not all zeros. A group between may be zeros: Dongguan and three
    /// other prefectures have townships (4419 00 003) without counties.
    pub fn level(self) -> AreaLevel {
        let filled = |level: &AreaLevel| {
            let start = AreaLevel::ALL.iter().rev().find(|l| **l < *level).map_or(0, |l| l.digits());
            self.0[start..level.digits()].iter().any(|digit| *digit != b'0')
        };
        AreaLevel::ALL.into_iter().rev().find(filled).unwrap_or(AreaLevel::Province)
    }

    /// The digits that say it, without the filling zeros.
    pub fn significant(&self) -> &str {
        let digits = &self.0[..self.level().digits()];
        // Only ASCII digits get in.
        std::str::from_utf8(digits).unwrap_or_default()
    }

    /// The area one step up that it belongs to; `None` for a province.
    pub fn parent(self) -> Option<Self> {
        let level = self.level();
        let above = AreaLevel::ALL.into_iter().rev().find(|l| *l < level)?;
        let mut digits = [b'0'; Self::DIGITS];
        digits[..above.digits()].copy_from_slice(&self.0[..above.digits()]);
        Some(Self(digits))
    }

    /// The first and the last code of its subtree: what lies between them, itself included, is contained in it.
    pub fn subtree(self) -> (Self, Self) {
        let mut last = [b'9'; Self::DIGITS];
        let said = self.level().digits();
        last[..said].copy_from_slice(&self.0[..said]);
        (self, Self(last))
    }

    /// Whether `other` is this area or lies below it.
    pub fn contains(self, other: Self) -> bool {
        let digits = self.level().digits();
        self.0[..digits] == other.0[..digits]
    }
}

impl FromStr for AreaCode {
    type Err = InvalidAreaCode;

    fn from_str(text: &str) -> Result<Self, InvalidAreaCode> {
        let digits: [u8; Self::DIGITS] = text.as_bytes().try_into().map_err(|_| InvalidAreaCode)?;
        let names_province = digits[..2] != *b"00";
        (names_province && digits.iter().all(u8::is_ascii_digit)).then_some(Self(digits)).ok_or(InvalidAreaCode)
    }
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AreaCode({self})")
    }
}

impl Serialize for AreaCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AreaCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for AreaCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^[0-9]{12}$"))
            .description(Some("12-digit statistical area code"))
            .build()
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for AreaCode {}
