//! What `status` prints for people.

use std::fmt::Write as _;

use xuanping_core::{geometry::ZoneName, time::UtcMillis};

use super::Situation;

/// A few lines that say how the player is doing.
pub fn summary(about: &Situation) -> String {
    let status = &about.status;
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{name}：{value}");
    };
    line(
        "屏幕",
        match (&about.name, about.screen) {
            (Some(name), _) => name.clone(),
            (None, Some(screen)) => format!("已配对（{screen}），尚未收到播放指令"),
            (None, None) => "未配对，请在控制台输入屏幕上的配对码".to_owned(),
        },
    );
    line("服务器", about.server.clone());
    line("画面", if status.dark { "已手动熄屏（resume 恢复）".to_owned() } else { zones(about) });
    line("播放指令", format!("第 {} 版", status.manifest_version));
    line("待上报播放", format!("{} 次", status.unreported_plays));
    line("待下载素材", format!("{} 个", status.missing_assets));
    let zone = status.device_timezone.as_deref().unwrap_or("未知");
    line("本机时间", format!("{}（时区 {zone}）", local(status.now, zone)));
    if let Some(decoding) = status.health.as_ref().and_then(|health| health.decoding.as_ref()) {
        let kind = if decoding.hardware { "硬件解码" } else { "软件解码" };
        line("视频", format!("{kind}（{}）", decoding.decoder));
    }
    line("版本", status.software.clone());
    line("故障", status.last_error.clone().unwrap_or_else(|| "无".to_owned()));
    text
}

fn zones(about: &Situation) -> String {
    let name = |zone| match zone {
        ZoneName::Main => "主画面",
        ZoneName::Ticker => "字幕条",
        ZoneName::Audio => "声音",
    };
    let zones = about.status.zones.iter();
    let zones: Vec<_> = zones
        .map(|zone| match zone.creative {
            Some(creative) => format!("{} {creative}", name(zone.zone)),
            None => format!("{} 待机", name(zone.zone)),
        })
        .collect();
    if zones.is_empty() { "待机".to_owned() } else { zones.join("，") }
}

fn local(at: UtcMillis, zone: &str) -> String {
    match (at.to_datetime(), zone.parse::<chrono_tz::Tz>()) {
        (Some(at), Ok(zone)) => at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string(),
        _ => at.to_string(),
    }
}
