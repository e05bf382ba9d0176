//! Tables of the archive, read back row by row and compared with what should be in them.

use std::{
    collections::HashMap,
    fs::File,
    panic,
    path::{Path, PathBuf},
};

use ::parquet::{
    errors::ParquetError,
    file::reader::{FileReader as _, SerializedFileReader},
    record::{Field, Row, reader::RowIter},
};
use xuanping_core::digest::Digest;

use super::difference::Difference;
use crate::plays::{
    columns::{Cell, Column, Kind},
    play_rows,
};

/// A table, open at its next row.
pub struct Rows {
    path: PathBuf,
    columns: Vec<Column>,
    rows: RowIter<'static>,
    read: u64,
}

impl Rows {
    /// The table in this file, if it has these columns; the last so many may be missing, if none of them is there.
    pub fn open(path: &Path, columns: &[Column], newer: usize) -> Result<Self, Difference> {
        let unreadable = |error: ParquetError| Difference::Unreadable(path.to_owned(), error.to_string());
        let file = File::open(path).map_err(|_| Difference::Missing(path.to_owned()))?;
        let reader = caught(|| SerializedFileReader::new(file)).map_err(unreadable)?;
        let schema = reader.metadata().file_metadata().schema_descr();
        let found: Vec<&str> = schema.columns().iter().map(|column| column.name()).collect();
        let expected = |count: usize| columns.iter().take(count).map(|(name, _)| *name).eq(found.iter().copied());
        if !expected(columns.len()) && !expected(columns.len() - newer) {
            return Err(Difference::Columns(path.to_owned()));
        }
        let columns = columns.iter().take(found.len()).copied().collect();
        Ok(Self { path: path.to_owned(), columns, rows: RowIter::from_file_into(Box::new(reader)), read: 0 })
    }

    /// Whether it has so many columns.
    pub fn has(&self, columns: usize) -> bool {
        self.columns.len() == columns
    }

    /// The next row's cells; `None` after the last.
    pub fn next(&mut self) -> Result<Option<Vec<Cell>>, Difference> {
        let unreadable = |error: ParquetError| Difference::Unreadable(self.path.clone(), error.to_string());
        let Some(row) = caught(|| self.rows.next().transpose()).map_err(unreadable)? else { return Ok(None) };
        self.read += 1;
        Ok(Some(cells(&row, &self.columns)))
    }

    /// The next row, if all its cells are these; names are left to `names`.
    pub fn is_next(&mut self, expected: &[Cell], names: &mut Named) -> Result<Vec<Cell>, Difference> {
        let Some(found) = self.next()? else { return Err(Difference::Fewer(self.path.clone(), self.read)) };
        for ((name, _), (found, expected)) in self.columns.iter().zip(found.iter().zip(expected)) {
            if found != expected && !play_rows::NAMES.iter().any(|(column, _)| column == name) {
                return Err(self.other(name, found, expected));
            }
        }
        let value = |column: &str| self.columns.iter().position(|(name, _)| *name == column);
        for (column, of) in play_rows::NAMES {
            let Some((at, of)) = value(column).zip(value(of)) else { continue };
            if let Some((found, (of, expected))) = found.get(at).zip(found.get(of).zip(expected.get(at)))
                && let Some(before) = names.another(column, of, found, expected)
            {
                return Err(self.other(column, found, &before));
            }
        }
        Ok(found)
    }

    /// Nothing, if all rows were read.
    pub fn is_over(&mut self) -> Result<(), Difference> {
        match self.next()? {
            None => Ok(()),
            Some(_) => Err(Difference::More(self.path.clone(), self.read - 1)),
        }
    }

    fn other(&self, column: &'static str, found: &Cell, expected: &Cell) -> Difference {
        self.is_not(column, said(found), said(expected))
    }

    /// That the row read last has something else in this column than it should.
    pub fn is_not(&self, column: &'static str, found: String, expected: String) -> Difference {
        Difference::Row { file: self.path.clone(), row: self.read, column, found, expected }
    }
}

/// The library's reader takes files to be sound, and panics over some that are not: the table is not read any further then.
fn caught<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    panic::catch_unwind(panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(ParquetError::General("the reader gave up".into())))
}

/// Names as rows have them: in a part each thing has one, which may be another today.
#[derive(Default)]
pub struct Named {
    names: HashMap<(&'static str, String), Cell>,
    changed: u64,
}

impl Named {
    /// The name that this thing had in an earlier row, if it was another one.
    fn another(&mut self, column: &'static str, of: &Cell, found: &Cell, today: &Cell) -> Option<Cell> {
        let key = (column, said(of));
        match self.names.get(&key) {
            Some(before) => (before != found).then(|| before.clone()),
            None => {
                self.changed += u64::from(found != today);
                self.names.insert(key, found.clone());
                None
            }
        }
    }

    /// How many are other names than today's.
    pub fn changed(&self) -> u64 {
        self.changed
    }
}

fn cells(row: &Row, columns: &[Column]) -> Vec<Cell> {
    let cell = |((_, field), (_, kind)): ((&String, &Field), &Column)| match field {
        Field::Null => Cell::Maybe(None),
        Field::Str(text) if *kind == Kind::MaybeText => Cell::Maybe(Some(text.clone())),
        Field::Str(text) => Cell::Text(text.clone()),
        Field::Long(number) | Field::TimestampMillis(number) => Cell::Long(*number),
        Field::Int(number) | Field::Date(number) => Cell::Int(*number),
        Field::Bool(value) => Cell::Bool(*value),
        Field::Bytes(bytes) => Cell::Bytes(bytes.data().to_vec()),
        // No kind of ours: equal to nothing.
        other => Cell::Maybe(Some(other.to_string())),
    };
    row.get_column_iter().zip(columns).map(cell).collect()
}

/// A cell for people; of bytes their SHA-256.
fn said(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) | Cell::Maybe(Some(text)) => text.clone(),
        Cell::Maybe(None) => "-".into(),
        Cell::Long(number) => number.to_string(),
        Cell::Int(number) => number.to_string(),
        Cell::Bool(value) => value.to_string(),
        Cell::Bytes(bytes) => format!("SHA-256 {}", Digest::of(bytes)),
    }
}
