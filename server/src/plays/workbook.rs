//! Records as a workbook for spreadsheet programs: the same columns as the table for people, numbers as numbers. Rows go to
//! disk as they come, so a million of them take no memory; a sheet that is full is followed by another.

use std::fs::File;

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::{
    PlayRecord,
    names::Names,
    sheet::{PEOPLE, people},
};

/// Rows of a sheet, its header included: fewer than the 1,048,576 that spreadsheet programs open.
const MOST_ROWS: u32 = 1_000_000;
/// Columns that hold numbers.
const NUMBERS: [usize; 4] = [14, 15, 20, 21];
/// Widths of columns, in characters; those not named here are as wide as usual.
const WIDTHS: [(u16, f64); 8] =
    [(0, 22.0), (2, 16.0), (3, 24.0), (5, 14.0), (9, 28.0), (11, 16.0), (12, 30.0), (13, 22.0)];

/// A workbook in the making.
pub struct Book {
    workbook: Workbook,
    rows_of_sheet: u32,
    /// Where a sheet is full.
    most: u32,
}

impl Book {
    /// With one sheet that has only a header.
    pub fn new() -> Result<Self, XlsxError> {
        Self::with_sheets_of(MOST_ROWS)
    }

    fn with_sheets_of(most: u32) -> Result<Self, XlsxError> {
        let mut book = Self { workbook: Workbook::new(), rows_of_sheet: 0, most };
        book.add_sheet()?;
        Ok(book)
    }

    fn add_sheet(&mut self) -> Result<(), XlsxError> {
        let number = self.workbook.worksheets().len() + 1;
        let bold = Format::new().set_bold();
        let sheet = self.workbook.add_worksheet_with_constant_memory();
        sheet.set_name(format!("播放记录{number}"))?;
        for (column, width) in WIDTHS {
            sheet.set_column_width(column, width)?;
        }
        sheet.set_freeze_panes(1, 0)?;
        for (column, title) in (0..).zip(PEOPLE) {
            sheet.write_string_with_format(0, column, title, &bold)?;
        }
        self.rows_of_sheet = 1;
        Ok(())
    }

    /// Adds these records.
    pub fn add(&mut self, records: &[PlayRecord], names: &Names) -> Result<(), XlsxError> {
        for record in records {
            if self.rows_of_sheet == self.most {
                self.add_sheet()?;
            }
            let row = self.rows_of_sheet;
            let last = self.workbook.worksheets().len() - 1;
            let sheet = self.workbook.worksheet_from_index(last)?;
            for (column, cell) in people(record, names).into_iter().enumerate() {
                let number = NUMBERS.contains(&column).then(|| cell.parse::<f64>().ok()).flatten();
                match number {
                    Some(number) => sheet.write_number(row, column as u16, number)?,
                    // Text that could begin a formula has its apostrophe already.
                    None => sheet.write_string(row, column as u16, cell)?,
                };
            }
            self.rows_of_sheet += 1;
        }
        Ok(())
    }

    /// The file, to be read from its beginning; it is gone when it is closed.
    pub fn finish(mut self) -> Result<File, XlsxError> {
        let mut file = tempfile::tempfile()?;
        self.workbook.save_to_writer(&mut file)?;
        std::io::Seek::rewind(&mut file)?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use chrono::NaiveDate;
    use uuid::Uuid;
    use xuanping_core::{
        digest::Digest,
        geometry::ZoneName,
        id::{BookingId, CreativeId, ScreenId, VenueId},
        playlog::{PlayStatus, TriggerKind},
        time::{Millis, UtcMillis},
        vocabulary::VenueType,
    };

    use super::*;

    fn record(n: u32) -> PlayRecord {
        let id = Uuid::from_u128;
        PlayRecord {
            screen: ScreenId::new(id(1)),
            sequence: 1,
            position: n,
            started: UtcMillis(1_764_000_000_000),
            day: NaiveDate::from_ymd_opt(2025, 11, 25).unwrap(),
            zone: ZoneName::Main,
            creative: CreativeId::new(id(2)),
            asset: Digest::ZERO,
            booking: BookingId::new(id(3)),
            campaign: None,
            planned: Millis(10_000),
            actual: Millis(9_500),
            status: PlayStatus::Success,
            trigger: TriggerKind::Loop,
            counted: true,
            flag: None,
            venue: VenueId::new(id(4)),
            venue_type: VenueType::BankHall,
            area: "330482100000".into(),
            department: "=fin".into(),
        }
    }

    #[test]
    fn a_full_sheet_is_followed_by_another_and_nothing_is_lost() {
        let mut book = Book::with_sheets_of(4).unwrap();
        let records: Vec<_> = (0..7).map(record).collect();
        book.add(&records, &Names::default()).unwrap();
        assert_eq!(book.workbook.worksheets().len(), 3);
        assert_eq!(book.rows_of_sheet, 2, "a header and the seventh record");
        let mut bytes = Vec::new();
        book.finish().unwrap().read_to_end(&mut bytes).unwrap();
        assert!(bytes.starts_with(b"PK"), "a zip file, as workbooks are");
    }
}
