// SPDX-License-Identifier: GPL-2.0

//! Large replies that go wrong half-way.

mod support;

use nvkm_rs_core::rpc::core::error::{Error, Recovery, RecvError};
use nvkm_rs_core::rpc::core::join::JoinError;
use nvkm_rs_core::rpc::core::policy::ReplyPolicy::Recv;
use nvkm_rs_core::rpc::core::session::Session;
use nvkm_rs_core::rpc::core::status::Errno;
use support::rig::{works, Rig};
use support::{lie, pattern, Message, LENGTH, PAGE};

const MAX: usize = 0xffb0;

/// Submits a large command and answers with these messages; the error.
fn broken(answer: Vec<Message>) -> (Error, Rig, Session) {
    let (mut rig, mut session) = Rig::new(63, 30);
    let mut seen = 0;
    rig.answer(move |_| {
        seen += 1;
        if seen == 2 {
            answer.clone()
        } else {
            Vec::new()
        }
    });
    let error = session
        .submit(&mut rig, 4, &pattern(MAX + 100, 1), Recv, 0)
        .unwrap_err();
    (error, rig, session)
}

#[test]
fn large_replies_that_do_not_fit() {
    let first = Message::new(4, vec![1; MAX]);
    let (error, mut rig, mut session) = broken(vec![first.clone(), Message::new(71, vec![2; 101])]);
    assert_eq!(
        error,
        Error::Join(JoinError::TooLong {
            part: 101,
            missing: 100
        })
    );
    assert_eq!(error.errno(), Errno::Io);
    works(&mut rig, &mut session);

    let (error, mut rig, mut session) = broken(vec![first.clone(), Message::new(71, vec![])]);
    assert_eq!(error, Error::Join(JoinError::Empty));
    works(&mut rig, &mut session);

    // What comes in place of a record is delivered as what it is.
    let other = Message::new(76, vec![3; 30]);
    let (error, mut rig, mut session) = broken(vec![
        first.clone(),
        other.clone(),
        Message::new(71, vec![2; 100]),
    ]);
    assert_eq!(
        error,
        Error::Join(JoinError::NotContinuation { function: 76 })
    );
    assert_eq!(rig.events, [other]);
    session.drain(&mut rig, 10);
    works(&mut rig, &mut session);

    let (error, mut rig, mut session) = broken(vec![first.clone()]);
    assert_eq!(error, Error::Recv(RecvError::TimedOut));
    works(&mut rig, &mut session);
}

#[test]
fn bad_messages_amid_a_large_reply() {
    let first = Message::new(4, vec![1; MAX]).raw();
    let rest = Message::new(71, vec![2; 100]);
    let submit = |elements: Vec<Vec<u8>>| {
        let (mut rig, mut session) = Rig::new(63, 30);
        let mut seen = 0;
        rig.manager(move |commands, messages| {
            commands.take();
            seen += 1;
            if seen == 2 {
                for raw in &elements {
                    messages.post_raw(raw, raw.len() / PAGE);
                }
            }
        });
        let result = session.submit(&mut rig, 4, &pattern(MAX + 100, 1), Recv, 0);
        (result, rig, session)
    };
    // A bad event is passed over.
    let event = lie(&Message::new(0x1003, vec![]), &[(LENGTH, 1)]);
    let (result, ..) = submit(vec![first.clone(), event, rest.raw()]);
    assert_eq!(
        result.unwrap().unwrap()[0x20 + MAX..0x20 + MAX + 100],
        [2; 100]
    );
    // A bad record is not waited for again.
    let (result, mut rig, mut session) = submit(vec![first, lie(&rest, &[(LENGTH, 1)])]);
    let error = result.unwrap_err();
    assert!(matches!(
        error,
        Error::Recv(RecvError::Length {
            recovery: Recovery::Skipped { pages: 1 },
            ..
        })
    ));
    assert_eq!(*rig.messages.pauses.borrow(), 0);
    works(&mut rig, &mut session);
}
