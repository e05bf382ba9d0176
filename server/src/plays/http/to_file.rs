//! Exports from the command line: the same tables and packages as over HTTP, written into a file that is there whole or not at
//! all, and noted in the audit trail like any other.

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use tempfile::NamedTempFile;
use xuanping_core::{id::ScreenId, time::UtcMillis};

use super::{
    super::{Filter, PlayError, Plays, sheet::Format},
    exports::{Pages, in_format, write_table},
    package::write_package,
};
use crate::{accounts::Actor, db::code_of};

/// Which records, as what, and where to.
#[derive(Debug, Clone, Args)]
pub struct ToFile {
    /// From this local day on.
    #[arg(long)]
    pub from: NaiveDate,
    /// Until this local day, included.
    #[arg(long)]
    pub to: NaiveDate,
    /// On this screen.
    #[arg(long)]
    pub screen: Option<ScreenId>,
    /// In this area or below: 12 digits.
    #[arg(long, value_parser = area)]
    pub area: Option<String>,
    /// As what.
    #[arg(long, value_enum, default_value_t = TableFormat::Csv)]
    pub format: TableFormat,
    /// The file to write. One of that name is replaced, and only when the new one is whole.
    #[arg(long)]
    pub out: PathBuf,
    /// A ZIP file with the table, the bundle that proves it, and a report in words.
    #[arg(long)]
    pub with_proof: bool,
}

/// A table's format, as it is called on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// For people and spreadsheets: Chinese headers, local times.
    Csv,
    /// For programs: one JSON object a line.
    Ndjson,
    /// For an auditor's machine: Outsmart Playout. Only plays that count.
    Outsmart,
    /// A workbook.
    Xlsx,
    /// A Parquet table.
    Parquet,
}

impl From<TableFormat> for Format {
    fn from(format: TableFormat) -> Self {
        match format {
            TableFormat::Csv => Self::People,
            TableFormat::Ndjson => Self::Ndjson,
            TableFormat::Outsmart => Self::Outsmart,
            TableFormat::Xlsx => Self::Xlsx,
            TableFormat::Parquet => Self::Parquet,
        }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// Records in the table.
    pub records: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

fn area(text: &str) -> Result<String, String> {
    let twelve_digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if twelve_digits {
        Ok(text.to_owned())
    } else {
        Err("区划代码须为 12 位数字 / an area has 12 digits".into())
    }
}

impl ToFile {
    /// Writes the file.
    pub async fn run(&self, plays: &Plays, now: UtcMillis) -> Result<Exported, PlayError> {
        if self.to < self.from {
            let why = "结束日期不能早于开始日期 / --to is before --from";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why).into());
        }
        let format = Format::from(self.format);
        let filter = Filter {
            day_from: Some(self.from),
            day_to: Some(self.to),
            screen: self.screen,
            area: self.area.clone(),
            ..Filter::default()
        };
        let filter = in_format(filter, format);
        // Beside its place, so that it gets its name in one step.
        let folder = self.out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let written = NamedTempFile::new_in(folder)?;
        let mut kind = code_of(&format);
        let records = if self.with_proof {
            kind = format!("package/{kind}");
            write_package(plays, &filter, format, written.as_file().try_clone()?, now).await?.1
        } else {
            let mut pages = Pages::open(plays.clone(), &filter).await?;
            let mut out = io::BufWriter::new(written.as_file().try_clone()?);
            let records = write_table(format, &mut pages, &mut out).await?;
            out.into_inner().map_err(io::IntoInnerError::into_error)?;
            records
        };
        written.as_file().sync_all()?;
        let bytes = written.as_file().metadata()?.len();
        plays.note_export(&Actor::CommandLine, &kind, &filter, now).await?;
        written.persist(&self.out).map_err(|failed| failed.error)?;
        Ok(Exported { records, bytes })
    }
}
