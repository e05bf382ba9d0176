//! What officials call the codes of a play.

use xuanping_core::{
    geometry::ZoneName,
    playlog::{PlayStatus, TriggerKind},
    vocabulary::CreativeKind,
};

/// A zone.
pub const fn zone(zone: ZoneName) -> &'static str {
    match zone {
        ZoneName::Main => "主区",
        ZoneName::Ticker => "字幕条",
        ZoneName::Audio => "声音",
    }
}

/// How a play went.
pub const fn status(status: PlayStatus) -> &'static str {
    match status {
        PlayStatus::Success => "成功",
        PlayStatus::HardwareFailure => "硬件故障",
        PlayStatus::ContentFailure => "素材故障",
        PlayStatus::Interrupted => "中断",
    }
}

/// What put a play on the wall.
pub const fn trigger(trigger: TriggerKind) -> &'static str {
    match trigger {
        TriggerKind::Loop => "轮播",
        TriggerKind::Takeover => "紧急插播",
        TriggerKind::Event => "事件触发",
        TriggerKind::Fixed => "定点",
        TriggerKind::Local => "本机",
    }
}

/// What a creative is.
pub const fn kind(kind: CreativeKind) -> &'static str {
    match kind {
        CreativeKind::Slogan => "标语",
        CreativeKind::Poster => "海报",
        CreativeKind::Clip => "宣传片",
        CreativeKind::Audio => "音频",
    }
}
