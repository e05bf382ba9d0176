//! A small county's office: a server, one person of each role, three areas, three departments.

use xuanping_core::{
    geometry::{Rect, ZoneName},
    id::{BookingId, CampaignId, CreativeId, ScreenId},
};

use crate::{
    console::{Answer, Console, Wish, zone_code},
    databases::Database,
    player::Player,
    samples::sample,
    server::Server,
};

/// The county.
pub const COUNTY: &str = "990123000000";
/// A township in it.
pub const RIVERSIDE: &str = "990123001000";
/// Another one.
pub const HILLS: &str = "990123002000";

/// A server with its people, all of them signed in with passwords of their own.
pub struct Office {
    /// The server.
    pub server: Server,
    /// 系统管理员.
    pub admin: Console,
    /// 点位管理员.
    pub operator: Console,
    /// 宣传编辑.
    pub editor: Console,
    /// 审核员.
    pub reviewer: Console,
    /// 审计员.
    pub auditor: Console,
}

impl Office {
    /// Sets one up on an empty database.
    pub fn open(database: Database) -> Self {
        Self::open_with(database, &[])
    }

    /// The same with further settings of the server.
    pub fn open_with(database: Database, settings: &[&str]) -> Self {
        let server = Server::start_with(database, settings);
        let url = server.url();
        let password = server.command(&["admin", "create-account", "--name", "admin", "--role", "admin"]);
        let admin = Console::first_sign_in(&url, "admin", password.trim());
        let join = |role: &str| {
            let one_time = admin.create_account(role, &[role]).expect("an administrator makes accounts");
            Console::first_sign_in(&url, role, &one_time)
        };
        let (operator, editor, reviewer, auditor) =
            (join("operator"), join("editor"), join("reviewer"), join("auditor"));
        for (code, name) in [(COUNTY, "青溪县"), (RIVERSIDE, "溪滨街道"), (HILLS, "云岭街道")] {
            admin.put_area(code, name).expect("an area");
        }
        for (code, name) in [("finance", "县金融服务中心"), ("health", "县卫生健康局"), ("publicity", "县委宣传部")]
        {
            admin.put_department(code, name).expect("a department");
        }
        Self { server, admin, operator, editor, reviewer, auditor }
    }

    /// Makes a bank hall by the river and pairs the player with it by the code on its screen.
    pub fn pair_in_bank(&self, player: &Player, name: &str, layout: &str) -> ScreenId {
        let venue =
            self.operator.add_venue(&format!("{name}营业厅"), "bank_hall", RIVERSIDE, "finance").expect("a venue");
        self.operator.pair(&player.pairing_code(), venue, name, layout).expect("the code is taken")
    }

    /// A token for a screen in a bank hall of its own, with a line below its main zone.
    pub fn hall_token(&self, name: &str) -> String {
        self.operator.add_venue(&format!("{name}营业厅"), "bank_hall", RIVERSIDE, "finance").expect("a venue");
        let wanted = ["--venue", &format!("{name}营业厅"), "--name", name, "--layout", "main_and_ticker"];
        self.server.command(&[&["admin", "issue-token"], &wanted[..]].concat()).trim().to_owned()
    }

    /// Every wall shows a poster above a line that scrolls.
    pub fn shows_a_poster_above_a_line(&self) -> (CreativeId, CreativeId) {
        const WORDS: &str =
            "陌生来电提转账，不听不信不转账；凡是要求屏幕共享、提供验证码、先交保证金的，都是诈骗。请拨打 96110。";
        let poster = self.approved_poster("贷款", sample("posters/loan-wide.png"));
        let slogan = self.approved(self.editor.write_slogan("不转账", WORDS).expect("a slogan"));
        let (campaign, _) = self.campaign("日常", &[poster, slogan], &Wish::default());
        self.publish(campaign).expect("it is published");
        (poster, slogan)
    }

    /// An approved poster made of this picture, standing for three seconds.
    pub fn approved_poster(&self, title: &str, picture: Vec<u8>) -> CreativeId {
        let upload = self.editor.upload(&format!("{title}.png"), picture).expect("the picture is taken");
        self.approved(self.editor.make_poster(title, &upload).expect("a poster"))
    }

    /// Has a draft reviewed by another person than its author.
    pub fn approved(&self, creative: CreativeId) -> CreativeId {
        self.editor.submit(creative).expect("the author submits");
        self.reviewer.approve(creative).expect("somebody else approves");
        creative
    }

    /// A campaign with one booking, not published yet.
    pub fn campaign(&self, name: &str, creatives: &[CreativeId], wish: &Wish) -> (CampaignId, BookingId) {
        let campaign = self.editor.make_campaign(name).expect("a campaign");
        let booking = self.editor.book(campaign, creatives, wish).expect("a booking");
        (campaign, booking)
    }

    /// Has a campaign reviewed by another person than its author, which publishes it; answers how many screens it reaches.
    pub fn publish(&self, campaign: CampaignId) -> Answer<u64> {
        let seen = self.editor.submit_campaign(campaign)?;
        self.reviewer.approve_campaign(campaign, &seen)
    }

    /// The part of a screen that a zone covers.
    pub fn zone(&self, screen: ScreenId, zone: ZoneName) -> Rect {
        let screen = self.operator.screen(screen).expect("the screen is there");
        let zones = screen["zones"].as_array().expect("a list");
        let found =
            zones.iter().find(|z| z["name"] == zone_code(zone)).unwrap_or_else(|| panic!("{zone:?} in {screen}"));
        serde_json::from_value(found["rect"].clone()).expect("a rectangle")
    }
}
