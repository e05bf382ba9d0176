use std::{os::unix::fs::PermissionsExt as _, path::PathBuf, sync::Arc};

use super::*;
use crate::{event::Event, inbox::Inbox};

#[test]
fn a_question_reaches_the_loop_and_its_answer_whoever_asked() {
    let data = tempfile::tempdir().unwrap();
    let (inbox, events) = Inbox::new(Arc::new(|| {}));
    let listener = Listener::open(data.path(), inbox).unwrap();
    let loop_thread = std::thread::spawn(move || {
        for event in events.iter().take(2) {
            match event {
                Event::Asked(Ask::Dark, asker) => asker.answer(Answer::Done("黑".to_owned())),
                Event::Asked(Ask::Capture, asker) => asker.show(vec![1, 2, 3]),
                other => panic!("{other:?}"),
            }
        }
    });
    assert_eq!(ask(data.path(), &Ask::Dark).unwrap(), (Answer::Done("黑".to_owned()), Vec::new()));
    assert_eq!(ask(data.path(), &Ask::Capture).unwrap(), (Answer::Picture(3), vec![1, 2, 3]));
    loop_thread.join().unwrap();

    let mode = std::fs::metadata(data.path().join("control.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else may even knock");
    drop(listener);
    assert!(matches!(ask(data.path(), &Ask::Status), Err(AskError::NoPlayer(..))), "it went with its player");
}

#[test]
fn what_is_no_question_is_refused_and_the_next_one_is_heard() {
    use std::io::{Read as _, Write as _};
    let data = tempfile::tempdir().unwrap();
    let (inbox, events) = Inbox::new(Arc::new(|| {}));
    let _listener = Listener::open(data.path(), inbox).unwrap();
    let mut stranger = std::os::unix::net::UnixStream::connect(data.path().join("control.sock")).unwrap();
    stranger.write_all(b"GET / HTTP/1.1\n").unwrap();
    let mut said = String::new();
    stranger.read_to_string(&mut said).unwrap();
    assert!(said.contains("refused"), "{said}");
    let answering = std::thread::spawn(move || match events.recv().unwrap() {
        Event::Asked(Ask::Resume, asker) => asker.answer(Answer::Refused("不".to_owned())),
        other => panic!("{other:?}"),
    });
    assert!(matches!(ask(data.path(), &Ask::Resume), Err(AskError::Refused(why)) if why == "不"));
    answering.join().unwrap();
}

#[test]
fn a_socket_left_over_by_a_power_cut_is_replaced() {
    let data = tempfile::tempdir().unwrap();
    drop(std::os::unix::net::UnixListener::bind(data.path().join("control.sock")).unwrap());
    let (inbox, _events) = Inbox::new(Arc::new(|| {}));
    assert!(Listener::open(data.path(), inbox).is_ok());
}

#[test]
fn where_the_data_folder_takes_no_socket_another_place_is_tried() {
    let places = places(&PathBuf::from("/data"));
    assert_eq!(places[0], PathBuf::from("/data/control.sock"));
    assert!(places[1].starts_with("/run/xuanping"), "{places:?}");
}
