//! What can be wrong with an archive, in words.

use std::{fmt, path::PathBuf};

/// Something that is not as it was sealed. `Display` says it in Chinese, [`Difference::english`] in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A file is gone.
    Missing(PathBuf),
    /// A file that nobody sealed.
    Unknown(PathBuf),
    /// A file is no table any more.
    Unreadable(PathBuf, String),
    /// A table has other columns.
    Columns(PathBuf),
    /// A cell has another value.
    Row {
        /// Where.
        file: PathBuf,
        /// Which row, from 1.
        row: u64,
        /// Which column.
        column: &'static str,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
    /// A table ends after so many rows, too early.
    Fewer(PathBuf, u64),
    /// A table has more than so many rows.
    More(PathBuf, u64),
    /// The files of a part say what they should, and are not the very files that were sealed.
    Digest(String),
    /// Entries of the log are in no part, or in two: the first of them.
    Gap(u64),
    /// The batches of the archive, and those after it, do not lead to the root that the log has signed.
    Root,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(file) => write!(f, "缺少文件 {}", file.display()),
            Self::Unknown(file) => write!(f, "文件 {} 不是归档时写下的", file.display()),
            Self::Unreadable(file, why) => write!(f, "文件 {} 已损坏，无法读取（{why}）", file.display()),
            Self::Columns(file) => write!(f, "文件 {} 的列与归档格式不符", file.display()),
            Self::Row { file, row, column, found, expected } => {
                write!(f, "文件 {} 第 {row} 行的 {column} 为“{found}”，应为“{expected}”", file.display())
            }
            Self::Fewer(file, rows) => write!(f, "文件 {} 只有 {rows} 行，少于应有的行数", file.display()),
            Self::More(file, rows) => write!(f, "文件 {} 多于应有的 {rows} 行", file.display()),
            Self::Digest(part) => write!(f, "归档 {part} 的文件与登记的摘要或大小不符，内容未见改动"),
            Self::Gap(index) => write!(f, "日志第 {index} 条不在归档中，或归档了两次"),
            Self::Root => f.write_str("由归档的批次推算出的日志根与已签发的检查点不符"),
        }
    }
}

impl Difference {
    /// The same in English.
    pub fn english(&self) -> String {
        match self {
            Self::Missing(file) => format!("the file {} is missing", file.display()),
            Self::Unknown(file) => format!("the file {} was not sealed", file.display()),
            Self::Unreadable(file, why) => format!("the file {} is damaged and does not read ({why})", file.display()),
            Self::Columns(file) => format!("the file {} has other columns than the archive", file.display()),
            Self::Row { file, row, column, found, expected } => {
                format!("row {row} of {} has {column} \"{found}\", which should be \"{expected}\"", file.display())
            }
            Self::Fewer(file, rows) => {
                format!("the file {} has {rows} rows only, fewer than it should", file.display())
            }
            Self::More(file, rows) => format!("the file {} has more rows than {rows}", file.display()),
            Self::Digest(part) => format!(
                "the files of part {part} are not of the digest or size that was written down, though they say the same"
            ),
            Self::Gap(index) => format!("entry {index} of the log is in no part of the archive, or in two"),
            Self::Root => "the archived batches do not lead to the root that the log has signed".into(),
        }
    }
}
