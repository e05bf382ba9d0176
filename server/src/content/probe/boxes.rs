//! Whether an MP4 file is all there: its boxes tile the file exactly, and every sample its tables name lies within it.
//! Written for hostile input: nothing is allocated for what a table merely claims, and all arithmetic is checked.

use std::io::{Read, Seek, SeekFrom};

use super::ProbeRefusal;

/// The index of an honest clip is some hundred kilobytes.
const LARGEST_INDEX: u64 = 32 << 20;

/// Checks the file from its start. Reads box headers and the index, not the samples.
pub fn check<R: Read + Seek>(file: &mut R, length: u64) -> Result<(), ProbeRefusal> {
    let mut at = 0;
    let mut index = None;
    let mut fragments = false;
    while at < length {
        let header = Header::read(file, at, length)?;
        match &header.name {
            b"moov" => {
                let body = header.end - header.body;
                if body > LARGEST_INDEX {
                    return Err(ProbeRefusal::Undecodable("the index is implausibly large".into()));
                }
                let mut bytes = vec![0; body as usize];
                file.seek(SeekFrom::Start(header.body))?;
                file.read_exact(&mut bytes)?;
                index = Some(bytes);
            }
            b"moof" => fragments = true,
            _ => {}
        }
        at = header.end;
    }
    let Some(index) = index else { return Err(cut("no index (moov)")) };
    // A fragmented file has its samples listed in each fragment; its boxes tile the file, and decoding judges the rest.
    if fragments { Ok(()) } else { samples_within(&index, length) }
}

fn cut(what: &str) -> ProbeRefusal {
    ProbeRefusal::Truncated(what.to_owned())
}

struct Header {
    name: [u8; 4],
    body: u64,
    end: u64,
}

impl Header {
    fn read<R: Read + Seek>(file: &mut R, at: u64, length: u64) -> Result<Self, ProbeRefusal> {
        let mut head = [0; 16];
        if length - at < 8 {
            return Err(cut("a box header at the end"));
        }
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut head[..8])?;
        let [a, b, c, d, n0, n1, n2, n3, ..] = head;
        let name = [n0, n1, n2, n3];
        let (size, body) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (length - at, at + 8),
            1 if length - at < 16 => return Err(cut("a large box's header")),
            1 => {
                file.read_exact(&mut head[8..])?;
                let [.., s0, s1, s2, s3, s4, s5, s6, s7] = head;
                (u64::from_be_bytes([s0, s1, s2, s3, s4, s5, s6, s7]), at + 16)
            }
            size => (u64::from(size), at + 8),
        };
        let end = at.checked_add(size).filter(|&end| end >= body && end > at);
        let end = end.ok_or_else(|| ProbeRefusal::Undecodable("a box has an impossible size".into()))?;
        if end > length {
            return Err(cut(&format!("box {} needs {} bytes more", String::from_utf8_lossy(&name), end - length)));
        }
        Ok(Self { name, body, end })
    }
}

/// The boxes directly inside `bytes`, as name and body; stops at the first impossible one.
fn children(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (head, _) = rest.split_at_checked(8)?;
        let [a, b, c, d, n0, n1, n2, n3] = *head else { return None };
        let size = u32::from_be_bytes([a, b, c, d]) as usize;
        let (this, after) = rest.split_at_checked(if size == 0 { rest.len() } else { size })?;
        rest = after;
        Some(([n0, n1, n2, n3], this.get(8..)?))
    })
}

fn child(bytes: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    children(bytes).find(|(n, _)| *n == name).map(|(_, body)| body)
}

fn word(bytes: &[u8], index: usize) -> Option<u32> {
    let at = index.checked_mul(4)?;
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn samples_within(index: &[u8], length: u64) -> Result<(), ProbeRefusal> {
    for track in children(index).filter(|(name, _)| name == b"trak").map(|(_, body)| body) {
        let tables = child(track, *b"mdia").and_then(|m| child(m, *b"minf")).and_then(|m| child(m, *b"stbl"));
        let tables = tables.ok_or_else(|| ProbeRefusal::Undecodable("a track has no sample table".into()))?;
        let end = last_sample_end(tables)
            .ok_or_else(|| ProbeRefusal::Undecodable("a sample table is inconsistent".into()))?;
        if end > length {
            return Err(cut(&format!("samples reach to byte {end} of {length}")));
        }
    }
    Ok(())
}

/// The byte after the last byte of any sample of a track; `None` if the tables contradict each other.
fn last_sample_end(tables: &[u8]) -> Option<u64> {
    // stsz: version and flags, common size, count, sizes … — in words.
    let sizes = child(tables, *b"stsz")?;
    let (common, count) = (word(sizes, 1)?, word(sizes, 2)? as usize);
    let size_of = |sample: usize| if common == 0 { word(sizes, 3 + sample) } else { Some(common) };
    let runs = child(tables, *b"stsc")?;
    let run_count = word(runs, 1)? as usize;
    let (offsets, wide) = match child(tables, *b"stco") {
        Some(offsets) => (offsets, false),
        None => (child(tables, *b"co64")?, true),
    };
    let chunk_count = word(offsets, 1)? as usize;
    let offset_of = |chunk: usize| {
        if wide {
            Some((u64::from(word(offsets, 2 + 2 * chunk)?) << 32) | u64::from(word(offsets, 3 + 2 * chunk)?))
        } else {
            word(offsets, 2 + chunk).map(u64::from)
        }
    };
    let (mut sample, mut end, mut run) = (0_usize, 0_u64, 0_usize);
    for chunk in 0..chunk_count {
        if sample >= count {
            break;
        }
        // stsc: first chunk (from 1), samples per chunk, description — three words a run.
        while run + 1 < run_count && word(runs, 2 + 3 * (run + 1))? as usize <= chunk + 1 {
            run += 1;
        }
        let in_chunk = (word(runs, 3 + 3 * run)? as usize).min(count - sample);
        let mut bytes = 0_u64;
        if common == 0 {
            for i in sample..sample + in_chunk {
                bytes = bytes.checked_add(u64::from(size_of(i)?))?;
            }
        } else {
            bytes = u64::from(common).checked_mul(in_chunk as u64)?;
        }
        end = end.max(offset_of(chunk)?.checked_add(bytes)?);
        sample += in_chunk;
    }
    (sample == count).then_some(end)
}
