//! Records with their proof, in one file: the table, the bundle that proves it, and a report in plain words of what was checked
//! and how whoever receives it checks it again without us.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Write as _},
    path::Path,
};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    playlog::bundle::{self, Trust, Verdict},
    sign::PublicKey,
    time::UtcMillis,
};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{
    super::{
        Filter, MOST_RECORDS, PlayError, Plays,
        sheet::Format,
        threads::Threads,
        verify::{print_en, print_zh},
    },
    exports::{Pages, download, ending_of, file_of, filter_of, rewound, write_table},
    records::ExportQuery,
};
use crate::{
    accounts::{Actor, Allowed, ReadPlays},
    clock,
    db::code_of,
    http::{Problem, QueryOf},
};

/// The bundle's name in the package.
const BUNDLE: &str = "plays.xpbundle";
/// The report's.
const REPORT: &str = "核验报告.txt";

pub(super) fn routes() -> OpenApiRouter<Plays> {
    OpenApiRouter::new().routes(routes!(package))
}

#[utoipa::path(get, path = "/api/v1/plays/package", tag = "plays", params(ExportQuery),
    responses((status = 200, content_type = "application/zip"), (status = 404), (status = 422)),
    extensions(("x-roles" = json!(["auditor", "editor", "reviewer", "admin"]))))]
async fn package(
    State(plays): State<Plays>,
    Allowed(me, _): Allowed<ReadPlays>,
    QueryOf(query): QueryOf<ExportQuery>,
) -> Result<Response, Problem> {
    let filter = filter_of(&query, &me)?;
    let now = clock::now();
    let file = tempfile::tempfile().map_err(PlayError::from)?;
    let (file, _) = write_package(&plays, &filter, query.format, file, now).await?;
    let kind = format!("package/{}", code_of(&query.format));
    plays.note_export(&Actor::from(&me), &kind, &filter, now).await?;
    let body = file_of(move || rewound(file)).await?;
    Ok((download("application/zip", "播放记录及凭证", "zip"), body).into_response())
}

/// Writes the package; answers its file and how many records are in it.
pub(super) async fn write_package(
    plays: &Plays,
    filter: &Filter,
    format: Format,
    file: File,
    now: UtcMillis,
) -> Result<(File, u64), PlayError> {
    // The table first: whatever comes in meanwhile may be in the bundle too, and nothing in the table is not.
    let mut records = Pages::open(plays.clone(), filter).await?.at_most(MOST_RECORDS);
    let mut zip = Packed(ZipWriter::new(file));
    zip.start(&format!("播放记录.{}", ending_of(format)))?;
    let count = write_table(format, &mut records, &mut zip.0).await?;
    let bundle = plays.bundle(filter, now).await?;
    let key = plays.publishing_key();
    // To examine and to pack a million records takes seconds.
    let packed = tokio::task::spawn_blocking(move || {
        let report = Report::of(&bundle, key, now);
        zip.file(BUNDLE, &bundle)?;
        zip.file(REPORT, report.words()?.as_bytes())?;
        Ok::<_, PlayError>(zip.0.finish().map_err(io::Error::other)?)
    });
    Ok((packed.await.map_err(io::Error::other)??, count))
}

/// A zip file in the making.
struct Packed(ZipWriter<File>);

impl Packed {
    fn start(&mut self, name: &str) -> Result<(), PlayError> {
        let options = SimpleFileOptions::default().large_file(true);
        Ok(self.0.start_file(name, options).map_err(io::Error::other)?)
    }

    fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), PlayError> {
        self.start(name)?;
        Ok(self.0.write_all(bytes)?)
    }
}

/// What was found in a bundle just made, for somebody who reads no formats.
struct Report {
    verdict: Verdict,
    key: PublicKey,
    made: UtcMillis,
}

impl Report {
    fn of(file: &[u8], key: PublicKey, made: UtcMillis) -> Self {
        Self { verdict: bundle::verify_by(file, &Trust::publisher(key), &Threads::of_machine()), key, made }
    }

    /// In Chinese, then in English.
    fn words(&self) -> Result<String, PlayError> {
        let Self { verdict, key, made } = self;
        let examined = |print: fn(&Verdict, &Path, &mut Vec<u8>) -> io::Result<()>| {
            let mut said = Vec::new();
            print(verdict, Path::new(BUNDLE), &mut said)?;
            Ok::<_, io::Error>(String::from_utf8_lossy(&said).into_owned())
        };
        let (zh, en) = (examined(print_zh)?, examined(print_en)?);
        let command = format!("xuanping-server verify {BUNDLE} --key {key} --csv records.csv");
        let mut text = String::from("\u{feff}");
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "播放记录核验报告\r\n\r\n\
             压缩包内有三个文件：播放记录表格、凭证包 {BUNDLE}，以及本报告。表格便于阅读，凭证包是证据：其中的每次播放\
             都由屏幕自己的密钥签名，批次前后相连，并登记在公开的播放日志中。\r\n\r\n\
             【导出时的核验结果】（{made}）\r\n{zh}\r\n\
             【怎样自行核验】\r\n\
             上面的结果出自导出单位自己的服务器，不必轻信。请在任何一台电脑上脱机运行：\r\n\r\n    {command}\r\n\r\n\
             1. 发布密钥应与单位公开的一致，不要只看本报告中所写的。\r\n\
             2. 结论为“完好”时，records.csv 就是签名所证明的记录，可与表格逐条比对。\r\n\
             3. 有见证方文件的，加上 --witness 文件名：可以查出单位是否向不同的人出示过不同的日志。\r\n\
             4. 凭证包格式公开（FORMAT.md），也可以请第三方另写程序核验。\r\n\r\n\
             ────────\r\n\r\n\
             Verification report\r\n\r\n\
             This archive holds a table of plays, the bundle {BUNDLE} that proves them, and this report. The table is for reading; \
             the bundle is the evidence: every play in it is signed with its screen's own key, the batches are chained, and they \
             are entries of a public log.\r\n\r\n\
             [As found when it was exported, {made}]\r\n{en}\r\n\
             [Check it yourself]\r\n\
             The above was said by the office's own server: do not take its word. On any computer, offline:\r\n\r\n    \
             {command}\r\n\r\n\
             1. Compare the publishing key with the one the office made public, not only with this report.\r\n\
             2. If the verdict is \"intact\", records.csv is what the signatures prove; compare the table with it.\r\n\
             3. With a witness's file, add --witness FILE: it shows whether others were shown another log.\r\n\
             4. The format is public (FORMAT.md); anybody may write another verifier.\r\n"
        );
        // One kind of line end, that of the office computers.
        Ok(text.replace("\r\n", "\n").replace('\n', "\r\n"))
    }
}
