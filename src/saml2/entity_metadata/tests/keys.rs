//! Which keys are taken, and what may be done with them.

use super::*;
use crate::xml::{ContentEncryption, KeyTransport};

#[test]
fn a_key_without_use_is_for_everything() {
    let both = document()
        .replace(" use='signing'", "")
        .replace(" use='encryption'", "");
    let read = read(&both, SP).unwrap();
    assert_eq!((read.signing.len(), read.encryption.len()), (2, 2));
}

#[test]
fn keys_of_other_kinds_are_passed_over_and_counted() {
    let named = document().replacen(
        "<ds:X509Data>",
        "<ds:KeyName>one</ds:KeyName><ds:X509Data>",
        1,
    );
    assert_eq!(read(&named, SP).unwrap().unusable_keys, 0);
    let document = document();
    let (start, rest) = document.split_once("<ds:X509Data>").unwrap();
    let (_, end) = rest.split_once("</ds:X509Data>").unwrap();
    let elliptic = crate::http::tls::LocalCa::new().unwrap();
    let elliptic: String = elliptic
        .ca_pem()
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    for other in [
        "<ds:KeyName>one</ds:KeyName>".to_owned(),
        "<ds:X509Data><ds:X509SubjectName>CN=one</ds:X509SubjectName></ds:X509Data>".to_owned(),
        format!("<ds:X509Data><ds:X509Certificate>{elliptic}</ds:X509Certificate></ds:X509Data>"),
    ] {
        let read = read(&format!("{start}{other}{end}"), SP).unwrap();
        assert_eq!(read.unusable_keys, 1, "{other}");
        assert_eq!((read.signing.len(), read.encryption.len()), (0, 1));
    }
}

#[test]
fn what_is_safe_is_chosen_among_what_the_key_s_owner_knows() {
    use ContentEncryption::{Aes128Gcm, Aes256Gcm};
    use KeyTransport::{RsaOaepMgf1p, RsaOaepSha256};
    let digest = |uri: &str| format!("><ds:DigestMethod Algorithm='{uri}'/></EncryptionMethod>");
    let method = |uri: &str| format!("<EncryptionMethod Algorithm='http://www.w3.org/{uri}'");
    let bare = |uri: &str| method(uri) + "/>";
    let oaep = |uri: &str| method("2009/xmlenc11#rsa-oaep") + &digest(uri);
    let mgf1p = |uri: &str| method("2001/04/xmlenc#rsa-oaep-mgf1p") + &digest(uri);
    let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
    let sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    let mask = "<x:MGF xmlns:x='http://www.w3.org/2009/xmlenc11#' Algorithm='http://www.w3.org/2009/xmlenc11#mgf1sha1'/></E";
    let document = document();
    for (methods, expected) in [
        (String::new(), Ok((Aes256Gcm, RsaOaepMgf1p))),
        (
            bare("2009/xmlenc11#aes128-gcm"),
            Ok((Aes128Gcm, RsaOaepMgf1p)),
        ),
        (
            bare("2009/xmlenc11#aes128-gcm") + &bare("2009/xmlenc11#aes256-gcm"),
            Ok((Aes256Gcm, RsaOaepMgf1p)),
        ),
        (
            bare("2009/xmlenc11#rsa-oaep"),
            Ok((Aes256Gcm, RsaOaepSha256)),
        ),
        (oaep(sha256), Ok((Aes256Gcm, RsaOaepSha256))),
        (oaep(sha1), Err(NoCommonAlgorithm)),
        (oaep(sha256).replace("</E", mask), Err(NoCommonAlgorithm)),
        (
            oaep(sha256).replace("</E", &mask.replace("mgf1sha1", "mgf1sha256")),
            Ok((Aes256Gcm, RsaOaepSha256)),
        ),
        (oaep(sha1) + &mgf1p(sha1), Ok((Aes256Gcm, RsaOaepMgf1p))),
        (mgf1p(sha256), Err(NoCommonAlgorithm)),
        (
            bare("2001/04/xmlenc#rsa-oaep-mgf1p"),
            Ok((Aes256Gcm, RsaOaepMgf1p)),
        ),
        (bare("2001/04/xmlenc#rsa-1_5"), Err(NoCommonAlgorithm)),
        (bare("2001/04/xmlenc#aes256-cbc"), Err(NoCommonAlgorithm)),
        (
            bare("2001/04/xmlenc#aes256-cbc") + &bare("2001/04/xmlenc#rsa-oaep-mgf1p"),
            Err(NoCommonAlgorithm),
        ),
        (
            bare("2001/04/xmlenc#kw-aes256"),
            Ok((Aes256Gcm, RsaOaepMgf1p)),
        ),
    ] {
        let (start, end) = document.rsplit_once("</KeyDescriptor>").unwrap();
        let read = read(&format!("{start}{methods}</KeyDescriptor>{end}"), SP).unwrap();
        assert_eq!(read.encryption[0].methods(), expected, "{methods}");
    }
}
