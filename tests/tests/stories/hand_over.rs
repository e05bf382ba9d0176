//! One item gives the wall to the next at its moment and with nothing in between: clips too, because the next one is opened
//! and at its first frame before.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use xuanping_tests::{
    console::Wish,
    databases::Database,
    films::made,
    office::Office,
    player::{Player, SMALL, Shown},
    waiting::{LONG, until},
};

/// A frame of the clips, in milliseconds.
const FRAME: i64 = 40;
/// Frames of each clip, which takes two seconds.
const FRAMES: i32 = 50;
/// Hand-overs to be seen, after those of a beginning that may come late.
const WANTED: usize = 14;
const BEGINNING: usize = 6;

/// What is on the wall, told by how bright it is: the clips grow a shade brighter with each frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    First(i32),
    Second(i32),
    Poster,
    Other(u8),
}

const DARKEST: [i32; 2] = [50, 140];

fn seen(shown: &Shown) -> Seen {
    // From full range to that of video.
    let shade = (i32::from(shown.light) * 219 + 127) / 255 + 16;
    // A first frame is coded coarsely.
    let of =
        |darkest: i32| (-4..=FRAMES).contains(&(shade - darkest)).then_some((shade - darkest).clamp(0, FRAMES - 1));
    match (of(DARKEST[0]), of(DARKEST[1]), shown.light) {
        (Some(frame), ..) => Seen::First(frame),
        (_, Some(frame), _) => Seen::Second(frame),
        (.., 253..) => Seen::Poster,
        (.., light) => Seen::Other(light),
    }
}

/// One item after another: what was last seen of the one, what first of the other, and how late, in milliseconds.
#[derive(Debug)]
struct HandOver {
    from: Seen,
    to: Seen,
    late: i64,
}

fn hand_overs(shown: &[Shown]) -> Vec<HandOver> {
    let item = |seen: Seen| std::mem::discriminant(&seen);
    let begins = |from: Seen, to: Seen| match (from, to) {
        // The same clip again.
        (Seen::First(a), Seen::First(b)) | (Seen::Second(a), Seen::Second(b)) => b < a,
        _ => item(from) != item(to),
    };
    let pairs = shown.windows(2).map(|pair| (seen(&pair[0]), seen(&pair[1]), pair[1].wall));
    let found = pairs.filter(|(from, to, _)| begins(*from, *to));
    // Everything takes whole seconds, from midnight on.
    found.map(|(from, to, at)| HandOver { from, to, late: (at.0 + 500).rem_euclid(1_000) - 500 }).collect()
}

fn grey(darkest: i32) -> Vec<u8> {
    let source = format!("-f lavfi -i nullsrc=s=320x180:r=25:d=2,format=yuv420p,geq=lum='{darkest}+N':cb=128:cr=128");
    made(&[&source, "-c:v libx264 -qp 8 -pix_fmt yuv420p"])
}

fn white() -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    RgbImage::from_pixel(320, 180, Rgb([255; 3])).write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

#[test]
fn clips_and_a_poster_follow_each_other_without_a_frame_of_anything_else() {
    let office = Office::open(Database::Sqlite);
    let player = Player::start_noting(&office.server.url(), SMALL);
    office.pair_in_bank(&player, "城东", "full");
    let clips = DARKEST.map(|darkest| {
        let film = office.editor.upload(&format!("{darkest}.mp4"), grey(darkest)).unwrap();
        office.approved(office.editor.make_clip(&format!("灰{darkest}"), &film).unwrap())
    });
    let poster = office.approved_poster("白", white());
    let (campaign, _) = office.campaign("日常", &[clips[0], clips[1], poster], &Wish::default());
    office.publish(campaign).unwrap();

    let all = until("hand-overs", LONG, || {
        let shown = player.noted();
        // Before, it is the pairing screen's.
        let begun = shown.iter().position(|shown| matches!(seen(shown), Seen::First(_) | Seen::Second(_)));
        let all = begun.map_or(Vec::new(), |begun| hand_overs(&shown[begun..]));
        if all.len() >= BEGINNING + WANTED { Ok(all) } else { Err(format!("{} so far", all.len())) }
    });
    let all = &all[BEGINNING..];
    for hand_over in all {
        println!("{hand_over:?}");
    }
    let is_clip = |seen: Seen| matches!(seen, Seen::First(_) | Seen::Second(_));
    for (from, to) in [(true, true), (true, false), (false, true)] {
        assert!(all.iter().any(|h| (is_clip(h.from), is_clip(h.to)) == (from, to)), "every kind occurs: {all:?}");
    }
    assert!(all.iter().all(|h| !matches!((h.from, h.to), (Seen::Other(_), _) | (_, Seen::Other(_)))), "{all:?}");
    // A machine that does more than it can leaves frames out now and then; a player that is late by itself is late always.
    let mut late: Vec<_> = all.iter().map(|h| h.late).collect();
    late.sort_unstable();
    assert!((0..=FRAME).contains(&late[late.len() / 2]), "within one frame of its time: {late:?}");
    let of_clips = |which: fn(&HandOver) -> Seen| -> Vec<i32> {
        let number = |seen| if let Seen::First(n) | Seen::Second(n) = seen { Some(n) } else { None };
        let mut frames: Vec<_> = all.iter().filter_map(|h| number(which(h))).collect();
        frames.sort_unstable();
        frames
    };
    let (firsts, lasts) = (of_clips(|h| h.to), of_clips(|h| h.from));
    assert!(firsts[firsts.len() / 2] <= 1, "a clip begins with its first frame: {firsts:?}");
    // A coded shade may be two off, which reads as two frames.
    assert!(lasts[lasts.len() / 2] >= FRAMES - 4, "and is shown to its last: {lasts:?}");
}
