//! What is taken away: tables that no spreadsheet runs, and bundles that prove themselves.

use std::{fs, num::NonZeroUsize};

use xuanping_core::playlog::bundle::{self, Trust};

use super::*;
use crate::{
    db::testing::for_each_database,
    plays::{
        http::{TableFormat, ToFile},
        names::Names,
        sheet::{Lines, cell},
        threads::Threads,
        verify::{Language, Outcome, Verify},
    },
};

async fn with_plays(db: &Db) -> (County, Player) {
    let county = County::new(db).await;
    let mut player = county.player(1, 0).await;
    county.publish().await;
    let item = county.given_ref(&player).await;
    for _ in 0..3 {
        let batch = player.seal(vec![item], showings(4));
        county.ingest(&player, &batch).await.unwrap();
    }
    (county, player)
}

async fn table(county: &County, format: Lines) -> String {
    let records = county.records(&Filter::default()).await;
    let mut names = Names::open(&county.app.plays).await.unwrap();
    names.learn(&county.app.plays, &records).await.unwrap();
    let mut bytes = format.head().unwrap();
    bytes.extend(format.lines(&records, &names).unwrap());
    String::from_utf8(bytes).unwrap()
}

fn cells(text: &str, headers: bool) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(headers).from_reader(text.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[tokio::test]
async fn the_table_for_people_opens_in_a_spreadsheet_and_runs_nothing() {
    for_each_database(async |db| {
        let (county, player) = with_plays(&db).await;
        let text = table(&county, Lines::People).await;
        let body = text.strip_prefix('\u{feff}').expect("a byte order mark, so that it is read as UTF-8");
        assert!(body.starts_with("开始时间,播放日期,屏幕,点位,"), "{body}");
        assert!(body.lines().count() == 13 && body.ends_with("\r\n"));
        let rows = cells(body, true);
        assert_eq!(rows[0].len(), 24);
        for cell in rows.iter().flatten() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell} would be run");
        }
        assert_eq!((rows[0][2].as_str(), rows[0][3].as_str()), ("'+屏1", "东镇支行"));
        assert_eq!((rows[0][9].as_str(), rows[0][12].as_str()), (&*format!("'{TITLE}"), &*format!("'{CAMPAIGN}")));
        assert_eq!((rows[0][14].as_str(), rows[0][18].as_str()), ("6.000", "是"));
        assert_eq!(rows[0][22], player.screen.id.to_string());
    })
    .await;
}

#[tokio::test]
async fn the_table_for_machines_follows_the_outsmart_specification() {
    for_each_database(async |db| {
        let (county, player) = with_plays(&db).await;
        let text = table(&county, Lines::Outsmart).await;
        assert!(!text.contains('\r') && text.ends_with('\n') && !text.starts_with('\u{feff}'));
        let rows = cells(&text, false);
        assert_eq!(rows.len(), 12, "no header");
        let longest = [("orderid", 7, 36), ("lineid", 8, 36), ("buyercampaignref", 12, 64), ("creativeid", 13, 64)];
        let longest = longest.into_iter().chain([("creativename", 14, 128), ("playerref", 17, 36), ("ref", 18, 48)]);
        for (name, column, longest) in longest {
            assert!(rows.iter().all(|row| row[column].chars().count() <= longest), "{name}");
        }
        let first = county.records(&Filter::default()).await.remove(0);
        let row = &rows[0];
        assert_eq!(row.len(), 19);
        assert_eq!(row[1], first.started.to_string().trim_end_matches('Z'));
        assert_eq!((row[2].as_str(), row[4].as_str(), row[5].as_str()), ("+08:00", "+08:00", "6000"));
        for must in [0, 1, 7, 9, 11, 13, 14, 18] {
            assert!(!row[must].is_empty(), "field {must} must be there");
        }
        assert_eq!(row[14], format!("'{TITLE}"));
        assert_eq!(row[18], format!("{}-1-0", player.screen.id.uuid().simple()));
        let mut references: Vec<_> = rows.iter().map(|row| &row[18]).collect();
        references.dedup();
        assert_eq!(references.len(), 12, "each record has a reference of its own");
    })
    .await;
}

#[test]
fn no_cell_can_begin_a_formula() {
    for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\u{ff1d}1+1", "\u{ff20}SUM"] {
        assert_eq!(cell(text), format!("'{text}"));
    }
    for text in ["", "不转账", "1-1", " =1", "a=b"] {
        assert_eq!(cell(text), text);
    }
}

#[tokio::test]
async fn a_bundle_proves_itself_and_one_changed_byte_is_found() {
    for_each_database(async |db| {
        let (county, _) = with_plays(&db).await;
        let file = county.app.plays.bundle(&Filter::default(), clock::now()).await.unwrap();
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("b.xpbundle");
        let key = county.app.publisher.public();
        let verify = |key, lang, csv: Option<&str>| {
            let csv = csv.map(|name| folder.path().join(name));
            let verify = Verify { file: path.clone(), key, witness: None, csv, threads: None, lang };
            let mut said = Vec::new();
            (verify.run(&mut said).unwrap(), String::from_utf8(said).unwrap())
        };

        fs::write(&path, &file).unwrap();
        let (outcome, said) = verify(Some(key), Language::Zh, Some("t.csv"));
        assert_eq!(outcome, Outcome::Intact, "{said}");
        assert!(said.contains("结论：完好") && said.contains("批次 3 个，播放 12 次，记录 12 条"), "{said}");
        let table = fs::read_to_string(folder.path().join("t.csv")).unwrap();
        assert!(
            table.starts_with('\u{feff}') && table.contains("东镇支行") && table.contains(",'@反诈")
                || table.contains("\"'@反诈")
        );
        let (outcome, said) = verify(None, Language::En, None);
        assert_eq!(outcome, Outcome::Intact);
        assert!(said.contains("Verdict: intact") && said.contains("no publishing key was given"), "{said}");
        let other = SecretKey::from_seed(&[50; 32]).public();
        assert_eq!(verify(Some(other), Language::Zh, None).0, Outcome::Bad);

        // One changed byte in a screen's batch: refused, and the batch and play named; no table is written.
        let mut changed = file.clone();
        let batch = county.signed(county.records(&Filter::default()).await[0].screen, 2).await;
        let at = changed.windows(batch.len()).position(|w| w == batch).unwrap() + batch.len() - 90;
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        let (outcome, said) = verify(Some(key), Language::Zh, Some("no.csv"));
        assert_eq!(outcome, Outcome::Bad);
        assert!(said.contains("批次 2") && said.contains("结论：不可信"), "{said}");
        assert!(!folder.path().join("no.csv").exists());
        assert!(verify(None, Language::En, None).1.contains("batch 2"));

        fs::remove_file(&path).unwrap();
        assert_eq!(verify(None, Language::Zh, None).0, Outcome::Unreadable);
        assert!(!verify(None, Language::En, None).1.is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_verdict_is_the_same_however_many_threads_examine_it() {
    for_each_database(async |db| {
        let (county, _) = with_plays(&db).await;
        let file = county.app.plays.bundle(&Filter::default(), clock::now()).await.unwrap();
        let trust = Trust::publisher(county.app.publisher.public());
        let same = |file: &[u8]| {
            let alone = bundle::verify(file, &trust);
            for threads in [1, 2, 7] {
                let hands = Threads::new(NonZeroUsize::new(threads).unwrap());
                assert_eq!(bundle::verify_by(file, &trust, &hands), alone, "{threads} threads");
            }
            alone
        };
        assert!(same(&file).is_intact());
        for at in (0..file.len()).step_by(101) {
            let mut changed = file.clone();
            changed[at] ^= 4;
            assert!(!same(&changed).is_intact(), "byte {at}");
            assert!(!same(&file[..at]).is_intact(), "cut off at {at}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_bundle_holds_the_records_asked_for_and_says_so_if_there_are_none() {
    for_each_database(async |db| {
        let (county, player) = with_plays(&db).await;
        let nothing = Filter { venue_type: Some(VenueType::Atm), ..Filter::default() };
        assert!(matches!(county.app.plays.bundle(&nothing, clock::now()).await, Err(PlayError::Nothing)));
        let filter = Filter { screen: Some(player.screen.id), ..Filter::default() };
        let file = county.app.plays.bundle(&filter, clock::now()).await.unwrap();
        let verdict = bundle::verify(&file, &Trust::publisher(county.app.publisher.public()));
        let summary = verdict.summary.unwrap();
        assert_eq!((summary.batches, summary.records), (3, 12));
        assert!(summary.filter.contains(&player.screen.id.to_string()), "{}", summary.filter);
    })
    .await;
}

#[tokio::test]
async fn an_export_from_the_command_line_is_the_file_that_the_console_gives() {
    for_each_database(async |db| {
        let (county, player) = with_plays(&db).await;
        let folder = TempDir::new().unwrap();
        let day = county.records(&Filter::default()).await[0].day;
        let export = |format, with_proof, name: &str| ToFile {
            from: day,
            to: day.succ_opt().unwrap(),
            screen: Some(player.screen.id),
            area: None,
            format,
            out: folder.path().join(name),
            with_proof,
        };
        let run = async |export: &ToFile| export.run(&county.app.plays, clock::now()).await;
        let csv = export(TableFormat::Csv, false, "t.csv");
        let done = run(&csv).await.unwrap();
        let written = fs::read(&csv.out).unwrap();
        assert_eq!((done.records, done.bytes), (12, written.len() as u64));
        assert_eq!(String::from_utf8(written).unwrap(), table(&county, Lines::People).await);
        let outsmart = export(TableFormat::Outsmart, false, "t.outsmart");
        let counted = county.records(&Filter { counted_only: true, ..Filter::default() }).await.len();
        assert_eq!(run(&outsmart).await.unwrap().records, counted as u64, "only what counts");
        assert_eq!(cells(&fs::read_to_string(&outsmart.out).unwrap(), false).len(), counted);
        let lines = export(TableFormat::Ndjson, false, "t.ndjson");
        run(&lines).await.unwrap();
        let text = fs::read_to_string(&lines.out).unwrap();
        let said: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(said.len(), 12);
        for (format, magic) in [(TableFormat::Xlsx, &b"PK"[..]), (TableFormat::Parquet, b"PAR1")] {
            let other = export(format, false, "t.other");
            assert_eq!(run(&other).await.unwrap().records, 12);
            assert!(fs::read(&other.out).unwrap().starts_with(magic), "replaced, whole");
        }

        let package = export(TableFormat::Csv, true, "p.zip");
        assert_eq!(run(&package).await.unwrap().records, 12);
        let mut zip = zip::ZipArchive::new(fs::File::open(&package.out).unwrap()).unwrap();
        let mut proof = Vec::new();
        std::io::Read::read_to_end(&mut zip.by_name("plays.xpbundle").unwrap(), &mut proof).unwrap();
        let verdict = bundle::verify(&proof, &Trust::publisher(county.app.publisher.public()));
        assert!(verdict.is_intact() && verdict.summary.unwrap().records == 12);

        // What fails leaves nothing behind, and nothing of a name that was there.
        let nothing = ToFile { from: day.succ_opt().unwrap(), ..export(TableFormat::Csv, true, "p.zip") };
        let before = fs::read(&package.out).unwrap();
        assert!(matches!(run(&nothing).await, Err(PlayError::Nothing)));
        let turned = ToFile { to: day.pred_opt().unwrap(), ..export(TableFormat::Csv, false, "no.csv") };
        assert!(run(&turned).await.unwrap_err().to_string().contains("--to"));
        assert_eq!(fs::read(&package.out).unwrap(), before);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);

        let noted = sql("SELECT COUNT(*) AS n FROM audit_trail WHERE action = 'plays.export'");
        assert_eq!(db.one(noted).await.unwrap().int("n").unwrap(), 6);
    })
    .await;
}
