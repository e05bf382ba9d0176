//! What people at the machine ask, answered.

use xuanping_core::{campaign::EventTrigger, id::ShowId};

use super::{dark, life::Life};
use crate::{
    control::{Answer, Ask, Asker, Situation},
    event::Event,
};

impl Life<'_> {
    /// Answers, and says what happens because of it.
    pub(super) fn asked(&mut self, ask: Ask, asker: Asker) -> Option<Event> {
        match ask {
            Ask::Status => {
                asker.answer(Answer::Status(Box::new(self.situation())));
                None
            }
            Ask::Capture => {
                self.capture(asker);
                None
            }
            Ask::Trigger { event, show } => self.show(event, show, &asker),
            Ask::Dark => {
                tracing::warn!("somebody at the machine makes the wall black");
                asker.answer(Answer::Done(match dark::keep(&self.config.data, true) {
                    Ok(()) => "已熄屏，重启后仍保持；运行 xuanping-player resume 恢复。".to_owned(),
                    Err(error) => format!("已熄屏，但磁盘无法写入（{error}），重启后会恢复播放。"),
                }));
                Some(Event::Dark(true))
            }
            Ask::Resume => {
                tracing::warn!("somebody at the machine lets the wall show again what it should");
                asker.answer(match dark::keep(&self.config.data, false) {
                    Ok(()) => Answer::Done("已恢复播放。".to_owned()),
                    Err(error) => Answer::Done(format!("已恢复播放，但磁盘无法写入（{error}），重启后会再次熄屏。")),
                });
                Some(Event::Dark(false))
            }
        }
    }

    /// Once for each show: that it was asked for is kept before anything is shown.
    fn show(&mut self, event: EventTrigger, show: ShowId, asker: &Asker) -> Option<Event> {
        let due = self.state.due_at_event(event, self.clock.now());
        if self.state.is_dark() {
            asker.answer(Answer::Refused("已手动熄屏，未播放；请先运行 xuanping-player resume。".to_owned()));
            return None;
        }
        if due == 0 {
            asker.answer(Answer::Refused("此时没有场前播放的排期，或播放单尚未下载。".to_owned()));
            return None;
        }
        if !self.shows.is_new(show) {
            asker.answer(Answer::Done(format!("场次 {show} 已触发过，不重复播放。")));
            return None;
        }
        tracing::info!(%show, due, "a show is about to begin");
        asker.answer(Answer::Done(match self.shows.keep(&self.config.data) {
            Ok(()) => format!("场次 {show}：即将播放 {due} 个素材。"),
            Err(error) => {
                format!("场次 {show}：即将播放 {due} 个素材；磁盘无法写入（{error}），重启后无法识别重复触发。")
            }
        }));
        Some(Event::Show(event, show))
    }

    fn situation(&self) -> Situation {
        Situation {
            screen: self.enrolled.map(|enrolled| enrolled.screen),
            name: self.state.name().map(str::to_owned),
            server: self.config.server.clone(),
            status: self.status(self.clock.now()),
        }
    }

    /// Packing many pixels takes longer than a frame may: it is done beside.
    fn capture(&self, asker: Asker) {
        let frame = self.stage.frame().clone();
        if frame.size().width == 0 {
            asker.answer(Answer::Refused("音柱没有画面。".to_owned()));
            return;
        }
        let packing = std::thread::Builder::new().name("capture".into()).spawn(move || {
            let size = frame.size();
            match frame.to_png(size.width.max(size.height)) {
                Ok(png) => asker.show(png),
                Err(error) => asker.answer(Answer::Refused(format!("画面无法编码：{error}"))),
            }
        });
        if let Err(error) = packing {
            tracing::error!(%error, "no thread to pack a picture");
        }
    }
}
