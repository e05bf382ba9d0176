//! The journal of a screen that changes its key: batches wait, answers are lost, the power goes.

use std::{
    os::unix::fs::symlink,
    path::Path,
    sync::{Arc, mpsc::Receiver},
    time::Duration,
};

use xuanping_core::{
    id::InstructionId,
    playlog::{ChainHead, KeyPermit, SignedKeyChange},
};

use super::*;
use crate::{
    clock::Clock,
    event::Event,
    inbox::Inbox,
    journalist::{Desk, Journalist},
};

#[derive(Debug, Clone)]
enum Changing {
    Play,
    Seal,
    Send,
    /// The office wants another key, and the sealer makes it.
    Change,
    /// The server records what it is told; whether the player hears of it.
    Tell {
        heard: bool,
    },
    Kill,
}

fn changing() -> impl Strategy<Value = Vec<Changing>> {
    let step = prop_oneof![
        4 => Just(Changing::Play),
        2 => Just(Changing::Seal),
        2 => Just(Changing::Send),
        1 => Just(Changing::Change),
        2 => any::<bool>().prop_map(|heard| Changing::Tell { heard }),
        1 => Just(Changing::Kill),
    ];
    prop::collection::vec(step, 1..60)
}

/// What a server does when it is told of a change: records it once, if it follows.
fn record(server: &mut Server, keys: &Keyring, heard: bool) {
    let Some(presented) = keys.to_present() else { return };
    let change = SignedKeyChange::verify(presented.signed.clone(), &publisher().public()).unwrap();
    let known = server.keys.as_mut().unwrap();
    if known.newest() != change.change().new {
        assert!((server.taken.len() as u64) < change.change().from, "something of the new key's is there already");
        known.change(change.change()).unwrap();
    }
    if heard {
        keys.recorded(&presented).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Keys change while batches wait, answers are lost, and the power goes.
    #[test]
    fn whenever_the_key_is_changed_every_play_is_stored_once_under_the_key_of_its_batch(steps in changing()) {
        let data = tempfile::tempdir().unwrap();
        let mut keys = Keyring::load(data.path()).unwrap();
        let (mut journal, _) = Journal::open(data.path(), keys.clone(), run(3)).unwrap();
        let mut sealing = sealer(&journal);
        let mut server = Server { keys: Some(keys.public()), ..Server::default() };
        let (mut count, mut wanted) = (0, 0);
        for step in steps {
            match step {
                Changing::Play => { count += 1; play(&journal, count); }
                Changing::Seal => { sealing.work(&keys, at(1_000_000), Hindsight::Same, true).unwrap(); }
                Changing::Send => server.take_unless(&journal, |sequence| keys.holds_back(sequence)),
                Changing::Change => {
                    wanted += 1;
                    let instruction = InstructionId::new(Uuid::from_u128(wanted));
                    let key = keys.asking().public().fingerprint();
                    let permit = KeyPermit { screen: screen(), key, instruction };
                    keys.want(permit, permit.sign(&publisher()));
                    let end = journal.outbox().head().unwrap();
                    let head = ChainHead { screen: screen(), sequence: end.sequence, digest: end.digest };
                    keys.change(&head, UtcMillis(0)).unwrap();
                }
                Changing::Tell { heard } => record(&mut server, &keys, heard),
                Changing::Kill => {
                    keys = Keyring::load(data.path()).unwrap();
                    journal = Journal::open(data.path(), keys.clone(), run(3)).unwrap().0;
                    sealing = sealer(&journal);
                }
            }
        }
        record(&mut server, &keys, true);
        sealing.work(&keys, at(2_000_000), Hindsight::Same, true).unwrap();
        server.take_unless(&journal, |sequence| keys.holds_back(sequence));
        prop_assert_eq!(server.plays(), (1..=count as i64).map(|n| (n, PlayStatus::Success)).collect::<Vec<_>>());
        prop_assert_eq!(journal.state().unreported, 0);
        prop_assert_eq!(server.keys.map(|known| known.newest()), Some(keys.asking().public()));
    }
}

fn desk(data: &Path, keys: &Keyring, journal: &Journal) -> (Desk, Receiver<Event>) {
    let (inbox, events) = Inbox::new(Arc::new(|| {}));
    let desk = Desk {
        journal: journal.clone(),
        sealer: sealer(journal),
        screen: screen(),
        keys: keys.clone(),
        clock: Clock::new(),
        data: data.to_owned(),
        inbox,
        sealed: Arc::default(),
    };
    (desk, events)
}

#[test]
fn while_half_a_change_is_on_the_disk_nothing_is_sealed_that_its_other_half_would_contradict() {
    let data = tempfile::tempdir().unwrap();
    let keys = Keyring::load(data.path()).unwrap();
    let old = keys.asking().public();
    let (journal, _) = Journal::open(data.path(), keys.clone(), run(3)).unwrap();
    play(&journal, 1);
    let permit =
        KeyPermit { screen: screen(), key: old.fingerprint(), instruction: InstructionId::new(Uuid::from_u128(1)) };
    keys.want(permit, permit.sign(&publisher()));
    // The copy can be written, and for the file itself there is no room left.
    symlink("/dev/full", data.path().join("device.keys.new")).unwrap();
    let (before, trouble) = desk(data.path(), &keys, &journal);
    let before = Journalist::start(before, Duration::from_mins(10)).unwrap();
    trouble.recv_timeout(Duration::from_secs(30)).expect("it cannot be written");
    // The power goes: nothing is done any more.
    std::mem::forget(before);
    assert!(data.path().join("device.keys.copy").exists() && !data.path().join("device.keys").exists());
    assert_eq!(journal.outbox().head().unwrap().sequence, 0, "sealed by the key that goes, in the new one's time");

    let keys = Keyring::load(data.path()).unwrap();
    let (journal, _) = Journal::open(data.path(), keys.clone(), run(3)).unwrap();
    let (after, _) = desk(data.path(), &keys, &journal);
    drop(Journalist::start(after, Duration::from_mins(10)).unwrap());
    let mut server = Server { keys: Some(ScreenKeys::of_one(old)), ..Server::default() };
    record(&mut server, &keys, true);
    server.take_unless(&journal, |sequence| keys.holds_back(sequence));
    assert_eq!(server.plays(), [(1, PlayStatus::Success)]);
    assert_ne!(keys.asking().public(), old, "the half was believed");
}
