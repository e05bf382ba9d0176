//! Tables in Parquet files: rows go in, columns come out, a group of rows at a time, so that memory stays small however many
//! there are. Any engine reads them (DuckDB, ClickHouse, Trino, Spark).

use std::{io::Write, sync::Arc};

use ::parquet::{
    basic::Compression,
    data_type::{BoolType, ByteArray, ByteArrayType, Int32Type, Int64Type},
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};

/// Rows that are held in memory at most.
const GROUP: usize = 50_000;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// UTF-8, or nothing.
    MaybeText,
    /// A whole number of 64 bits.
    Long,
    /// A whole number of 32 bits.
    Int,
    /// Milliseconds since 1970, UTC.
    Instant,
    /// Days since 1970.
    Day,
    /// True or false.
    Bool,
    /// Bytes.
    Bytes,
}

/// A column: its name, and what it holds.
pub type Column = (&'static str, Kind);

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Of [`Kind::Text`].
    Text(String),
    /// Of [`Kind::MaybeText`].
    Maybe(Option<String>),
    /// Of [`Kind::Long`] and [`Kind::Instant`].
    Long(i64),
    /// Of [`Kind::Int`] and [`Kind::Day`].
    Int(i32),
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::Bytes`].
    Bytes(Vec<u8>),
}

/// Values of a column that are not written yet; with definition levels where there may be none.
enum Filled {
    Bytes(Vec<ByteArray>),
    Maybe(Vec<ByteArray>, Vec<i16>),
    Long(Vec<i64>),
    Int(Vec<i32>),
    Bool(Vec<bool>),
}

impl Filled {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Text | Kind::Bytes => Self::Bytes(Vec::new()),
            Kind::MaybeText => Self::Maybe(Vec::new(), Vec::new()),
            Kind::Long | Kind::Instant => Self::Long(Vec::new()),
            Kind::Int | Kind::Day => Self::Int(Vec::new()),
            Kind::Bool => Self::Bool(Vec::new()),
        }
    }

    fn push(&mut self, cell: Cell) -> Result<(), ParquetError> {
        match (self, cell) {
            (Self::Bytes(values), Cell::Text(text)) => values.push(text.into_bytes().into()),
            (Self::Bytes(values), Cell::Bytes(bytes)) => values.push(bytes.into()),
            (Self::Maybe(values, levels), Cell::Maybe(text)) => {
                levels.push(i16::from(text.is_some()));
                values.extend(text.map(|text| ByteArray::from(text.into_bytes())));
            }
            (Self::Long(values), Cell::Long(number)) => values.push(number),
            (Self::Int(values), Cell::Int(number)) => values.push(number),
            (Self::Bool(values), Cell::Bool(value)) => values.push(value),
            (_, cell) => return Err(ParquetError::General(format!("{cell:?} is not of its column's kind"))),
        }
        Ok(())
    }
}

fn message(name: &str, columns: &[Column]) -> String {
    let field = |(name, kind): &Column| match kind {
        Kind::Text => format!("REQUIRED BYTE_ARRAY {name} (UTF8);"),
        Kind::MaybeText => format!("OPTIONAL BYTE_ARRAY {name} (UTF8);"),
        Kind::Long => format!("REQUIRED INT64 {name};"),
        Kind::Int => format!("REQUIRED INT32 {name};"),
        Kind::Instant => format!("REQUIRED INT64 {name} (TIMESTAMP(MILLIS,true));"),
        Kind::Day => format!("REQUIRED INT32 {name} (DATE);"),
        Kind::Bool => format!("REQUIRED BOOLEAN {name};"),
        Kind::Bytes => format!("REQUIRED BYTE_ARRAY {name};"),
    };
    format!("message {name} {{ {} }}", columns.iter().map(field).collect::<Vec<_>>().join(" "))
}

/// A file in the making.
pub struct Table<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    kinds: Vec<Kind>,
    waiting: Vec<Filled>,
    rows: usize,
    /// Where a group is full.
    group: usize,
}

impl<W: Write + Send> Table<W> {
    /// An empty table of these columns.
    pub fn new(out: W, name: &str, columns: &[Column]) -> Result<Self, ParquetError> {
        Self::with_groups_of(GROUP, out, name, columns)
    }

    fn with_groups_of(group: usize, out: W, name: &str, columns: &[Column]) -> Result<Self, ParquetError> {
        let schema = Arc::new(parse_message_type(&message(name, columns))?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let kinds: Vec<_> = columns.iter().map(|(_, kind)| *kind).collect();
        Ok(Self {
            writer: SerializedFileWriter::new(out, schema, Arc::new(properties))?,
            waiting: kinds.iter().map(|kind| Filled::of(*kind)).collect(),
            kinds,
            rows: 0,
            group,
        })
    }

    /// Adds a row: a cell for each column, in their order.
    pub fn push(&mut self, row: Vec<Cell>) -> Result<(), ParquetError> {
        if row.len() != self.waiting.len() {
            return Err(ParquetError::General(format!("{} cells for {} columns", row.len(), self.waiting.len())));
        }
        for (column, cell) in self.waiting.iter_mut().zip(row) {
            column.push(cell)?;
        }
        self.rows += 1;
        if self.rows == self.group { self.write_group() } else { Ok(()) }
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        self.rows = 0;
        let empty = self.kinds.iter().map(|kind| Filled::of(*kind)).collect();
        let mut columns = std::mem::replace(&mut self.waiting, empty).into_iter();
        let mut group = self.writer.next_row_group()?;
        while let Some(mut column) = group.next_column()? {
            match columns.next() {
                Some(Filled::Bytes(values)) => column.typed::<ByteArrayType>().write_batch(&values, None, None)?,
                Some(Filled::Maybe(values, levels)) => {
                    column.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None)?
                }
                Some(Filled::Long(values)) => column.typed::<Int64Type>().write_batch(&values, None, None)?,
                Some(Filled::Int(values)) => column.typed::<Int32Type>().write_batch(&values, None, None)?,
                Some(Filled::Bool(values)) => column.typed::<BoolType>().write_batch(&values, None, None)?,
                None => 0,
            };
            column.close()?;
        }
        group.close()?;
        Ok(())
    }

    /// Writes what is left and the file's end; gives back what it was written to.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.writer.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use ::parquet::{
        file::reader::{FileReader as _, SerializedFileReader},
        record::{Field, RowAccessor as _},
    };

    use super::*;

    const COLUMNS: [Column; 6] = [
        ("at", Kind::Instant),
        ("day", Kind::Day),
        ("name", Kind::Text),
        ("flag", Kind::MaybeText),
        ("counted", Kind::Bool),
        ("signed", Kind::Bytes),
    ];

    fn row(n: i32) -> Vec<Cell> {
        vec![
            Cell::Long(i64::from(n) * 1_000),
            Cell::Int(20_000 + n),
            Cell::Text(format!("大厅{n}")),
            Cell::Maybe((n % 2 == 0).then(|| "not_on_air".to_owned())),
            Cell::Bool(n % 3 == 0),
            Cell::Bytes(vec![n as u8; 3]),
        ]
    }

    #[test]
    fn rows_come_back_as_they_went_in_however_many_groups_they_fill() {
        let mut table = Table::with_groups_of(4, Vec::new(), "play", &COLUMNS).unwrap();
        for n in 0..10 {
            table.push(row(n)).unwrap();
        }
        let reader = SerializedFileReader::new(axum::body::Bytes::from(table.finish().unwrap())).unwrap();
        assert_eq!(reader.num_row_groups(), 3);
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 10);
        for (n, row) in (0..).zip(&rows) {
            assert_eq!(row.get_timestamp_millis(0).unwrap(), n * 1_000);
            let (_, day) = row.get_column_iter().nth(1).unwrap();
            assert_eq!(*day, Field::Date(20_000 + i32::try_from(n).unwrap()));
            assert_eq!(row.get_string(2).unwrap(), &format!("大厅{n}"));
            assert_eq!(row.get_string(3).is_ok(), n % 2 == 0);
            assert_eq!(row.get_bool(4).unwrap(), n % 3 == 0);
            assert_eq!(row.get_bytes(5).unwrap().data(), [n as u8; 3]);
        }
    }

    #[test]
    fn a_row_that_does_not_fit_its_columns_is_an_error() {
        let mut table = Table::new(Vec::new(), "play", &COLUMNS).unwrap();
        assert!(table.push(vec![Cell::Long(1)]).is_err());
        let mut wrong = row(1);
        wrong[0] = Cell::Bool(true);
        assert!(table.push(wrong).is_err());
    }
}
