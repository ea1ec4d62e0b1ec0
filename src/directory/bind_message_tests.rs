use ldap3_proto::{
    LdapCodec, LdapMsg,
    proto::{LdapBindCred, LdapBindResponse, LdapOp, LdapResult, LdapResultCode},
};
use proptest::prelude::*;
use tokio_util::codec::{Decoder, Encoder};

use super::*;

/// A codec by somebody else, as a second opinion.
fn decoded(request: &[u8]) -> LdapMsg {
    let mut buffer = request.into();
    let message = LdapCodec::default().decode(&mut buffer).unwrap().unwrap();
    assert!(buffer.is_empty());
    message
}

fn answer(id: i32, code: LdapResultCode, text: &str) -> Vec<u8> {
    let result = LdapResult {
        code,
        matcheddn: String::new(),
        message: text.to_owned(),
        referral: vec![],
    };
    let message = LdapMsg {
        msgid: id,
        op: LdapOp::BindResponse(LdapBindResponse {
            res: result,
            saslcreds: None,
        }),
        ctrl: vec![],
    };
    let mut buffer = bytes::BytesMut::new();
    LdapCodec::default().encode(message, &mut buffer).unwrap();
    buffer.to_vec()
}

fn read(octets: &[u8], id: u32) -> Result<Option<Answer>, NoAnswer> {
    read_answer(octets, id, Operation::Bind)
}

#[test]
fn requests_are_what_others_read() {
    for (id, length) in [
        (1, 1),
        (127, 126),
        (128, 127),
        (65_536, 200),
        (70_000, 1024),
    ] {
        let secret = "ä".repeat(length / 2) + &"x".repeat(length % 2);
        let password = Password::parse(secret.clone()).unwrap();
        let message = decoded(&bind_request(id, "uid=wendy,dc=test", &password));
        assert_eq!(u32::try_from(message.msgid), Ok(id));
        let LdapOp::BindRequest(bind) = message.op else {
            panic!("{message:?} is no bind");
        };
        assert_eq!((bind.version, bind.dn.as_str()), (3, "uid=wendy,dc=test"));
        assert_eq!(bind.cred, LdapBindCred::Simple(secret));
    }
    let LdapOp::ExtendedRequest(request) = decoded(&start_tls_request(1)).op else {
        panic!("no extended request");
    };
    assert_eq!(request.name, "1.3.6.1.4.1.1466.20037");
    assert_eq!(request.value, None);
}

#[test]
fn answers_of_others_are_read() {
    let text = "80090308: LdapErr: DSID-0C0903A9, data 533, v1db1";
    let octets = answer(7, LdapResultCode::InvalidCredentials, text);
    let expected = Answer {
        code: 49,
        text: text.to_owned(),
        state: None,
    };
    assert_eq!(read(&octets, 7), Ok(Some(expected)));
    for end in 0..octets.len() {
        assert_eq!(read(&octets[..end], 7), Ok(None), "cut at {end}");
    }
    let success = answer(7, LdapResultCode::Success, "");
    assert_eq!(read(&success, 7).unwrap().unwrap().code, 0);
}

#[test]
fn active_directorys_long_lengths_are_read() {
    let octets = b"\x30\x84\0\0\0\x10\x02\x01\x05\x61\x84\0\0\0\x07\x0a\x01\x00\x04\0\x04\0";
    assert_eq!(read(octets, 5).unwrap().unwrap().code, 0);
}

#[test]
fn what_was_not_asked_for_is_no_answer() {
    let success = answer(7, LdapResultCode::Success, "");
    assert_eq!(read(&success, 8), Err(NoAnswer::Malformed));
    let two = [success.clone(), success.clone()].concat();
    assert_eq!(read(&two, 7), Err(NoAnswer::Malformed));
    let other = read_answer(&success, 7, Operation::StartTls);
    assert_eq!(other, Err(NoAnswer::Malformed));
    let notice = answer(0, LdapResultCode::Unavailable, "");
    assert_eq!(read(&notice, 7), Err(NoAnswer::Unsolicited));
    for bad in [
        &b"\x30\x80"[..],
        b"\x30\x85\0\0\0\0\0",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x31\x00",
        b"\x30\x00",
        b"\x30\x03\x02\x01\xff",
        b"HTTP/1.1 400",
    ] {
        assert_eq!(read(bad, 7), Err(NoAnswer::Malformed), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = read(&octets, 7);
        let length = u8::try_from(octets.len()).unwrap();
        let _ = read(&[&[0x30, length], octets.as_slice()].concat(), 7);
        let _ = read(&[&[0x30, length + 3, 2, 1, 7], octets.as_slice()].concat(), 7);
    }
}
