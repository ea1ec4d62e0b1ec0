//! Which account a name means, and why it means none.

use crate::directory::DirectoryError;

use super::*;

#[tokio::test]
async fn a_name_means_its_account() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |_| {});
    for (name, upn, matched_by) in [
        (
            "wmoran@fabrikam.com",
            "wmoran@partners.contoso.com",
            SignInAttribute::Mail,
        ),
        (
            " WMORAN@Fabrikam.COM. ",
            "wmoran@partners.contoso.com",
            SignInAttribute::Mail,
        ),
        (
            "wmoran@partners.contoso.com",
            "wmoran@partners.contoso.com",
            SignInAttribute::UserPrincipalName,
        ),
        (
            "psingh@northwindtraders.com",
            "psingh@partners.contoso.com",
            SignInAttribute::Mail,
        ),
        (
            "Priya.Singh@northwindtraders.com",
            "psingh@partners.contoso.com",
            SignInAttribute::ProxyAddresses,
        ),
        (
            "j.mueller@tailspintoys.com",
            "jmueller@partners.contoso.com",
            SignInAttribute::Mail,
        ),
        (
            "tom+contoso@tailspintoys.com",
            "tlee@partners.contoso.com",
            SignInAttribute::Mail,
        ),
        // Which state the account is in is for the password check to find.
        (
            "dlowe@fabrikam.com",
            "dlowe@partners.contoso.com",
            SignInAttribute::Mail,
        ),
    ] {
        let account = find(&realm, name).await.unwrap();
        let demo = demo_accounts::ACCOUNTS
            .iter()
            .find(|demo| demo.upn == upn)
            .unwrap();
        assert_eq!(account.cloud_upn(), upn);
        assert_eq!(account.dn(), &demo.dn().parse().unwrap());
        assert_eq!(account.display_name(), demo.display_name());
        assert_eq!(
            account.immutable_id().as_str(),
            demo.object_guid.immutable_id()
        );
        assert_eq!(
            account.federated_domain().issuer,
            "https://idp.contoso.com/partners"
        );
        assert_eq!(account.matched_by(), matched_by, "{name}");
    }
}

#[tokio::test]
async fn every_other_name_is_refused_for_its_reason() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |_| {});
    for name in [
        "nobody@fabrikam.com",
        // Active Directory finds accounts for these, as does the embedded directory.
        "wmorán@fabrikam.com",
        "WMORÄN@fabrikam.com",
        "tom@tailspintoys.com",
        "tom+other@tailspintoys.com",
        // A bare account name, where no attribute is configured for it.
        "wmoran",
    ] {
        assert_eq!(
            find(&realm, name).await.unwrap_err(),
            MappingError::NoMatch,
            "{name}"
        );
    }
    let shared = find(&realm, "reception@adatum.com").await;
    assert_eq!(shared.unwrap_err(), MappingError::Ambiguous { count: 2 });
    let staff = find(&realm, "khart@contoso.com").await;
    assert!(
        matches!(staff, Err(MappingError::OutOfScope { .. })),
        "{staff:?}"
    );
    let legacy = find(&realm, "otto@wingtiptoys.com").await;
    let suffix = "legacy.contoso.com".to_owned();
    assert_eq!(
        legacy.unwrap_err(),
        MappingError::SuffixNotFederated { suffix }
    );
}

#[tokio::test]
async fn an_address_of_one_that_is_the_upn_of_another_is_ambiguous() {
    let dn = "CN=Impostor,OU=Partners,DC=contoso,DC=com";
    let attributes: [(&str, &[u8]); 3] = [
        ("mail", b"wmoran@partners.contoso.com"),
        ("userPrincipalName", b"impostor@partners.contoso.com"),
        ("objectGUID", &[7; 16]),
    ];
    let fixture = Fixture::start_with(contents_with(dn, &attributes)).await;
    let realm = realm(&fixture, |_| {});
    let both = find(&realm, "wmoran@partners.contoso.com").await;
    assert_eq!(both.unwrap_err(), MappingError::Ambiguous { count: 2 });
    assert!(find(&realm, "wmoran@fabrikam.com").await.is_ok());
}

#[tokio::test]
async fn entries_that_were_not_read_may_be_the_one() {
    // Four addresses that are one to the directory, of which only one is what was typed.
    let mut contents = Contents::demo().unwrap();
    for (at, mail) in ["élan@a.com", "elan@a.com", "èlan@a.com", "êlan@a.com"]
        .iter()
        .enumerate()
    {
        let attributes: [(&str, &[u8]); 3] = [
            ("mail", mail.as_bytes()),
            ("userPrincipalName", b"x@partners.contoso.com"),
            ("objectGUID", &[1; 16]),
        ];
        let dn = format!("CN=e{at},OU=Partners,DC=contoso,DC=com");
        contents
            .accounts
            .extend(contents_with(&dn, &attributes).accounts.pop());
    }
    let fixture = Fixture::start_with(contents).await;
    let result = find(&realm(&fixture, |_| {}), "elan@a.com").await;
    assert_eq!(result.unwrap_err(), MappingError::Ambiguous { count: 3 });
}

#[tokio::test]
async fn a_directory_that_is_down_is_no_verdict_on_the_name() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |_| {});
    fixture.embedded.stop().await;
    let error = find(&realm, "wmoran@fabrikam.com").await.unwrap_err();
    assert!(
        matches!(
            error,
            MappingError::Directory(DirectoryError::Unavailable { .. })
        ),
        "{error}"
    );
}
