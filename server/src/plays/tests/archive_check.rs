//! An archive, checked later: what was sealed agrees, and whatever happens to it afterwards is found and called by its name.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{archive::*, *};
use crate::{
    db::testing::{for_each_database, unprotected},
    plays::{
        archive::{BATCHES, check::ArchiveCheck, difference::Difference, rows::Rows},
        columns::{Cell, Column, Table},
        play_rows,
    },
};

struct Sealed {
    county: County,
    player: Player,
    item: ItemRef,
    folder: PathBuf,
}

impl Sealed {
    /// Two batches, six plays, one part.
    async fn new(db: &Db) -> Self {
        let (county, mut player, item) = county_that_plays(db).await;
        let folder = county.folder.path().join("archive");
        for count in [4, 2] {
            reported(&county, &mut player, item, count).await;
        }
        county.app.plays.archive(&folder, clock::now().plus(DAY)).await.unwrap();
        Self { county, player, item, folder }
    }

    async fn check(&self) -> ArchiveCheck {
        self.county.app.plays.check_archive(&self.folder).await.unwrap()
    }

    async fn difference(&self) -> Difference {
        self.check().await.difference.expect("a difference")
    }

    /// Writes the digest of the files, as they are, where that of the sealed ones was.
    async fn put_digest_right(&self, db: &Db) {
        let (mut bytes, mut digests) = (0, Vec::new());
        for path in tables(&self.folder) {
            let whole = fs::read(path).unwrap();
            bytes += whole.len() as u64;
            digests.extend_from_slice(Digest::of(&whole).as_bytes());
        }
        let put = sql("UPDATE play_archive SET digest = $1, bytes = $2");
        db.exec(put.bind(&Digest::of(&digests).as_bytes()[..]).bind(bytes)).await.unwrap();
    }
}

fn rows_of(path: &Path, columns: &[Column]) -> Vec<Vec<Cell>> {
    let mut rows = Rows::open(path, columns, 0).unwrap();
    std::iter::from_fn(|| rows.next().unwrap()).collect()
}

fn write(path: &Path, columns: &[Column], rows: Vec<Vec<Cell>>) {
    let mut table = Table::new(fs::File::create(path).unwrap(), "play", columns).unwrap();
    for row in rows {
        table.push(row).unwrap();
    }
    table.finish().unwrap();
}

fn altered(cell: &Cell) -> Cell {
    match cell {
        Cell::Text(text) => Cell::Text(format!("{text}~")),
        Cell::Maybe(None) => Cell::Maybe(Some("~".into())),
        Cell::Maybe(Some(_)) => Cell::Maybe(None),
        Cell::Long(number) => Cell::Long(number + 1),
        Cell::Int(number) => Cell::Int(number + 1),
        Cell::Bool(value) => Cell::Bool(!value),
        Cell::Bytes(bytes) => {
            let mut bytes = bytes.clone();
            *bytes.last_mut().unwrap() ^= 1;
            Cell::Bytes(bytes)
        }
    }
}

#[tokio::test]
async fn where_nothing_is_sealed_yet_no_archive_is_called_whole() {
    for_each_database(async |db| {
        let (county, mut player, item) = county_that_plays(&db).await;
        reported(&county, &mut player, item, 3).await;
        county.app.plays.log().grow(clock::now()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let check = county.app.plays.check_archive(folder.path()).await.unwrap();
        assert_eq!((check.parts, check.entries, check.difference.as_ref()), (0, 1, None));
        let said = check.to_string();
        assert!(said.contains("尚无已封存的归档") && said.contains("nothing has been archived yet"), "{said}");
        assert!(!said.contains("归档完整") && !said.contains("is whole"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn what_was_sealed_agrees_with_the_log_and_stays_so_as_the_log_grows() {
    for_each_database(async |db| {
        let mut sealed = Sealed::new(&db).await;
        let check = sealed.check().await;
        assert_eq!(check.difference, None, "{check}");
        assert_eq!((check.parts, check.batches, check.plays, check.entries), (1, 2, 6, 2));
        assert_eq!(
            (check.files, check.older, check.renamed, check.unfinished),
            (tables(&sealed.folder).len() as u64, 0, 0, 0)
        );

        // What came since is in the log and not yet in the archive; then in a second part.
        reported(&sealed.county, &mut sealed.player, sealed.item, 3).await;
        sealed.county.app.plays.log().grow(clock::now()).await.unwrap();
        let check = sealed.check().await;
        assert_eq!((check.difference.as_ref(), check.batches, check.entries), (None, 2, 3));
        sealed.county.app.plays.archive(&sealed.folder, clock::now().plus(2 * DAY)).await.unwrap();
        let check = sealed.check().await;
        assert_eq!((check.difference.as_ref(), check.parts, check.batches, check.plays), (None, 2, 3, 9));
        let said = check.to_string();
        assert!(said.contains("结论：归档完整") && said.contains("Verdict: the archive is whole"), "{said}");

        // What an interrupted run left is no difference, and is counted.
        fs::write(sealed.folder.join("batches/_part.unfinished"), b"PAR1 torn").unwrap();
        fs::write(sealed.folder.join("_sealing"), "3\nplays/x.parquet\n").unwrap();
        fs::write(sealed.folder.join("plays/x.parquet"), b"PAR1").unwrap();
        let check = sealed.check().await;
        assert_eq!((check.difference.as_ref(), check.unfinished), (None, 3));
    })
    .await;
}

#[tokio::test]
async fn a_flipped_byte_a_file_cut_short_one_missing_and_one_too_many_are_found() {
    for_each_database(async |db| {
        let sealed = Sealed::new(&db).await;
        for path in tables(&sealed.folder) {
            let whole = fs::read(&path).unwrap();
            for at in (0..whole.len()).step_by(whole.len() / 40) {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << (at % 8);
                fs::write(&path, &flipped).unwrap();
                let difference = sealed.difference().await;
                let of_it = match &difference {
                    Difference::Unreadable(file, _) | Difference::Columns(file) => *file == path,
                    Difference::Row { file, .. } | Difference::Fewer(file, _) | Difference::More(file, _) => {
                        *file == path
                    }
                    Difference::Digest(part) => path.file_name().is_some_and(|name| name.to_string_lossy() == **part),
                    _ => false,
                };
                assert!(of_it, "byte {at} of {}: {difference:?}", path.display());
            }
            fs::write(&path, &whole[..whole.len() - 9]).unwrap();
            assert!(matches!(sealed.difference().await, Difference::Unreadable(file, _) if file == path));
            fs::remove_file(&path).unwrap();
            assert_eq!(sealed.difference().await, Difference::Missing(path.clone()));
            fs::write(&path, &whole).unwrap();
        }
        assert_eq!(sealed.check().await.difference, None);

        let known = tables(&sealed.folder);
        let name = known[0].file_name().unwrap();
        for other in [
            sealed.folder.join("notes.txt"),
            known[0].with_file_name("000000000000-000000000001.parquet"),
            sealed.folder.join("plays/day=2001-01-01").join(name),
            sealed.folder.join("plays/other").join(name),
        ] {
            fs::create_dir_all(other.parent().unwrap()).unwrap();
            fs::copy(known.last().unwrap(), &other).unwrap();
            assert_eq!(sealed.difference().await, Difference::Unknown(other.clone()));
            fs::remove_file(&other).unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn an_altered_row_is_found_in_any_column_though_the_digest_in_the_database_was_put_right() {
    for_each_database(async |db| {
        let sealed = Sealed::new(&db).await;
        unprotected(&db, &["play_archive"]).await;
        let files = tables(&sealed.folder);
        let (batches, plays) = (&files[0], files.last().unwrap());
        let of_plays = play_rows::archived();
        for (path, columns) in [(batches, &BATCHES[..]), (plays, &of_plays[..])] {
            let (whole, rows) = (fs::read(path).unwrap(), rows_of(path, columns));
            let last = rows.len() - 1;
            for (nth, (name, _)) in columns.iter().enumerate() {
                let mut other = rows.clone();
                other[last][nth] = altered(&other[last][nth]);
                write(path, columns, other);
                sealed.put_digest_right(&db).await;
                let difference = sealed.difference().await;
                let Difference::Row { file, row, column, .. } = &difference else { panic!("{name}: {difference:?}") };
                assert_eq!((file, *row, column), (path, rows.len() as u64, name));
                let (zh, en) = (difference.to_string(), difference.english());
                assert!(zh.contains(name) && zh.contains("应为") && en.contains("should be"), "{zh} {en}");
            }
            let mut dropped = rows.clone();
            dropped.pop();
            write(path, columns, dropped);
            sealed.put_digest_right(&db).await;
            assert_eq!(sealed.difference().await, Difference::Fewer(path.clone(), rows.len() as u64 - 1));
            let mut doubled = rows.clone();
            doubled.push(rows[last].clone());
            write(path, columns, doubled);
            sealed.put_digest_right(&db).await;
            assert_eq!(sealed.difference().await, Difference::More(path.clone(), rows.len() as u64));
            let mut swapped = rows.clone();
            swapped.swap(0, last);
            write(path, columns, swapped);
            sealed.put_digest_right(&db).await;
            assert!(matches!(sealed.difference().await, Difference::Row { row: 1, .. }));
            fs::write(path, whole).unwrap();
        }
        // The same rows in another file of the same name.
        write(plays, &of_plays, rows_of(plays, &of_plays).into_iter().collect());
        let part = files[0].file_name().unwrap().to_string_lossy().into_owned();
        db.exec(sql("UPDATE play_archive SET digest = $1").bind(&[7_u8; 32][..])).await.unwrap();
        assert_eq!(sealed.difference().await, Difference::Digest(part));
        sealed.put_digest_right(&db).await;
        assert_eq!(sealed.check().await.difference, None);
    })
    .await;
}

#[tokio::test]
async fn files_from_before_rows_named_their_batch_are_compared_all_the_same() {
    for_each_database(async |db| {
        let sealed = Sealed::new(&db).await;
        unprotected(&db, &["play_archive"]).await;
        let files = tables(&sealed.folder.join("plays"));
        for path in &files {
            let mut rows = rows_of(path, &play_rows::archived());
            for row in &mut rows {
                row.truncate(play_rows::COLUMNS.len());
            }
            write(path, &play_rows::COLUMNS, rows);
        }
        sealed.put_digest_right(&db).await;
        let check = sealed.check().await;
        assert_eq!((check.difference.as_ref(), check.older, check.plays), (None, files.len() as u64, 6));
        assert!(check.to_string().contains("旧版"), "{check}");
        let path = files.last().unwrap();
        let mut rows = rows_of(path, &play_rows::COLUMNS);
        rows[0][18] = Cell::Long(1);
        write(path, &play_rows::COLUMNS, rows);
        sealed.put_digest_right(&db).await;
        assert!(matches!(sealed.difference().await, Difference::Row { row: 1, column: "actual_ms", .. }));
    })
    .await;
}

#[tokio::test]
async fn a_name_that_changed_since_is_said_and_is_no_difference() {
    for_each_database(async |db| {
        let sealed = Sealed::new(&db).await;
        db.exec(sql("UPDATE screens SET name = '改名后的屏'")).await.unwrap();
        let check = sealed.check().await;
        assert_eq!((check.difference.as_ref(), check.renamed), (None, 1));
        assert!(check.to_string().contains("改过名"), "{check}");
    })
    .await;
}

#[tokio::test]
async fn a_log_that_was_altered_and_parts_that_were_forgotten_are_found() {
    for_each_database(async |db| {
        let mut sealed = Sealed::new(&db).await;
        reported(&sealed.county, &mut sealed.player, sealed.item, 3).await;
        sealed.county.app.plays.log().grow(clock::now()).await.unwrap();
        unprotected(&db, &["log_entries", "play_archive"]).await;
        let read = sql("SELECT digest FROM log_entries WHERE log_index = $1");
        let own = |index: i64| read.clone().bind(index);
        let set = async |index: i64, digest: &[u8]| {
            let put = sql("UPDATE log_entries SET digest = $1 WHERE log_index = $2");
            db.exec(put.bind(digest).bind(index)).await.unwrap();
        };
        for (index, archived) in [(0, true), (2, false)] {
            let before = db.one(own(index)).await.unwrap().bytes("digest").unwrap();
            set(index, &[9; 32]).await;
            let difference = sealed.difference().await;
            if archived {
                assert!(matches!(&difference, Difference::Row { column: "digest", .. }), "{difference:?}");
            } else {
                assert_eq!(difference, Difference::Root);
            }
            set(index, &before).await;
        }
        assert_eq!(sealed.check().await.difference, None);
        db.exec(sql("UPDATE play_archive SET from_index = 1")).await.unwrap();
        assert_eq!(sealed.difference().await, Difference::Gap(0));
        db.exec(sql("DELETE FROM play_archive")).await.unwrap();
        assert_eq!(sealed.difference().await, Difference::Unknown(tables(&sealed.folder)[0].clone()));
    })
    .await;
}
