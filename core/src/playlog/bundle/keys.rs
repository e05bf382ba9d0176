//! Screens that have changed their keys: each change as both keys signed it, so that whoever believes a screen's first key
//! finds out by himself which key each of its batches has to be signed with.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::{BundleError, BundleScreen, CheckKind, Fault, Finding, Statement, Verdict, verify::Examination};
use crate::playlog::{KeyChangeFault, ScreenKeys, SignedBatch, SignedKeyChange};

/// A change of a screen's key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct BundleKeyChange {
    /// Position in [`Statement::screens`].
    #[n(0)]
    pub screen: u32,
    /// COSE_Sign1, as [`SignedKeyChange`] has it.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub signed: Vec<u8>,
}

/// What the statement says of changes: by screen, those of one in the order given.
pub(super) fn listed(
    changes: &[SignedKeyChange],
    screens: &[BundleScreen],
) -> Result<Vec<BundleKeyChange>, BundleError> {
    let mut listed = Vec::with_capacity(changes.len());
    for each in changes {
        let screen = each.change().screen;
        let position =
            screens.binary_search_by_key(&screen, |s| s.id).map_err(|_| BundleError::UnknownScreen(screen))?;
        listed.push(BundleKeyChange { screen: position as u32, signed: each.signed().to_vec() });
    }
    // Stable: the order of one screen's changes stays.
    listed.sort_by_key(|change| change.screen);
    Ok(listed)
}

/// What a statement gets wrong about its changes of key.
pub(super) fn contradiction(statement: &Statement) -> Option<&'static str> {
    let changes = &statement.keys;
    if changes.is_empty() != (statement.version < 4) {
        Some("更换密钥与版本不符")
    } else if !changes.is_sorted_by_key(|change| change.screen)
        || changes.iter().any(|change| change.screen as usize >= statement.screens.len())
    {
        Some("更换密钥未按屏幕排列，或所属的屏幕未列出")
    } else {
        None
    }
}

/// The keys of the screens, in their order, with each change that can be believed.
pub(super) fn examined(statement: &Statement, verdict: &mut Verdict) -> Vec<ScreenKeys> {
    let mut keys: Vec<_> = statement.screens.iter().map(|screen| ScreenKeys::of_one(screen.key)).collect();
    for listed in &statement.keys {
        let place = listed.screen as usize;
        let Some((screen, keys)) = statement.screens.get(place).zip(keys.get_mut(place)) else { continue };
        let followed = SignedKeyChange::verify(listed.signed.clone(), &statement.publisher).and_then(|signed| {
            let change = signed.change();
            if change.screen == screen.id { keys.change(change) } else { Err(KeyChangeFault::OtherPermit) }
        });
        verdict.count(CheckKind::Keys, followed.is_ok());
        if let Err(fault) = followed {
            let screen = Some((screen.id, screen.name.clone()));
            verdict.findings.push(Finding { screen, ..Finding::of(Fault::KeyChange(fault)) });
        }
    }
    keys
}

impl Examination<'_> {
    /// Where a key was changed, the batch before is the one that the change names, if it is here.
    pub(super) fn joints(&mut self, batches: &BTreeMap<(u32, u64), SignedBatch>) {
        for listed in &self.statement.keys {
            let Some(screen) = self.statement.screens.get(listed.screen as usize) else { continue };
            // One that is not believed is a finding already.
            let Ok(signed) = SignedKeyChange::verify(listed.signed.clone(), &self.statement.publisher) else {
                continue;
            };
            let change = signed.change();
            let Some(before) = batches.get(&(listed.screen, change.from.saturating_sub(1))) else { continue };
            let same = before.digest() == change.previous;
            self.verdict.count(CheckKind::Keys, same);
            if !same {
                self.verdict.findings.push(Finding {
                    screen: Some((screen.id, screen.name.clone())),
                    sequence: Some(change.from),
                    ..Finding::of(Fault::KeyChange(KeyChangeFault::OtherPrevious))
                });
            }
        }
    }
}
