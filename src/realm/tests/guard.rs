//! Who is kept out although the name is hers, and when that is told.

use crate::directory::AccountState;

use super::*;

const DN: &str = "CN=Odd,OU=Partners,DC=contoso,DC=com";

/// An account that would pass, with what is changed or added.
fn contents(more: &[(&str, &str)]) -> Contents {
    let mut attributes: Vec<(&str, &[u8])> = vec![("objectGUID", &[7; 16])];
    for default in [
        ("mail", "odd@fabrikam.com"),
        ("userPrincipalName", "odd@partners.contoso.com"),
    ] {
        if !more.iter().any(|(name, _)| *name == default.0) {
            attributes.push((default.0, default.1.as_bytes()));
        }
    }
    attributes.extend(more.iter().map(|(name, value)| (*name, value.as_bytes())));
    contents_with(DN, &attributes)
}

async fn prove(realm: &Realm, name: &str, password: &str) -> Result<(), BindError> {
    let account = find(realm, name).await.unwrap();
    let password = Password::parse(password).unwrap();
    realm.prove(&account, &password).await.map(drop)
}

#[tokio::test]
async fn states_are_told_after_the_right_password_only_also_where_the_bind_succeeds() {
    for (attributes, state) in [
        (vec![("userAccountControl", "514")], AccountState::Disabled),
        (
            vec![("accountExpires", "116444736000000000")],
            AccountState::AccountExpired,
        ),
        (vec![("pwdLastSet", "0")], AccountState::MustChangePassword),
        (
            vec![("msDS-User-Account-Control-Computed", "8388608")],
            AccountState::PasswordExpired,
        ),
        (
            vec![("msDS-User-Account-Control-Computed", "16")],
            AccountState::LockedOut,
        ),
    ] {
        let fixture = Fixture::start_with(contents(&attributes)).await;
        let realm = realm(&fixture, |_| {});
        let name = "odd@fabrikam.com";
        let right = prove(&realm, name, demo_accounts::PASSWORD).await;
        assert_eq!(right, Err(BindError::State(state)));
        assert_eq!(prove(&realm, name, "wrong").await, Err(BindError::Wrong));
    }
}

#[tokio::test]
async fn an_account_whose_state_cannot_be_read_is_refused() {
    let fixture = Fixture::start_with(contents(&[("userAccountControl", "disabled")])).await;
    let refused = find(&realm(&fixture, |_| {}), "odd@fabrikam.com").await;
    let dn = DN.to_owned();
    assert_eq!(refused.unwrap_err(), MappingError::UnreadableState { dn });
}

#[tokio::test]
async fn members_of_refused_groups_are_refused() {
    let group = "CN=VPN Administrators,OU=Groups,DC=contoso,DC=com";
    for member_of in [
        "cn=vpn administrators,ou=groups,dc=contoso,dc=com",
        "not a name, so perhaps that one",
    ] {
        let fixture = Fixture::start_with(contents(&[("memberOf", member_of)])).await;
        let strict = realm(&fixture, |mapping| {
            mapping.refused_groups = vec![group.parse().unwrap()];
        });
        let refused = find(&strict, "odd@fabrikam.com").await;
        let dn = DN.to_owned();
        assert_eq!(refused.unwrap_err(), MappingError::InRefusedGroup { dn });
        assert!(find(&strict, "wmoran@fabrikam.com").await.is_ok());
        assert!(
            find(&realm(&fixture, |_| {}), "odd@fabrikam.com")
                .await
                .is_ok()
        );
    }
}

#[tokio::test]
async fn an_address_of_the_organisations_own_is_no_external_one() {
    let own = |mapping: &mut Mapping| {
        mapping.own_domains = vec![DomainName::parse("contoso.com").unwrap()];
    };
    for (mail, passes_by_default, passes_with_own) in [
        ("odd@fabrikam.com", true, true),
        ("odd@notcontoso.com", true, true),
        // A member's address on a partner's account.
        ("ceo@contoso.com", true, false),
        ("ceo@emea.contoso.com", true, false),
        // Another partner's UPN: federated domains are own ones without being named.
        ("other@partners.contoso.com", false, false),
        // Its own UPN, as Exchange writes it.
        ("odd@partners.contoso.com", true, true),
    ] {
        let fixture = Fixture::start_with(contents(&[("mail", mail)])).await;
        let passes = async |realm: Realm| match find(&realm, mail).await {
            Ok(_) => true,
            Err(MappingError::OwnDomain { .. }) => false,
            Err(error) => panic!("{mail}: {error}"),
        };
        assert_eq!(
            passes(realm(&fixture, |_| {})).await,
            passes_by_default,
            "{mail}"
        );
        assert_eq!(
            passes(realm(&fixture, own)).await,
            passes_with_own,
            "{mail}"
        );
        let allowing = realm(&fixture, |mapping| {
            own(mapping);
            mapping.allow_own_domains = true;
        });
        assert!(passes(allowing).await, "{mail}");
        let by_upn = find(&realm(&fixture, own), "odd@partners.contoso.com").await;
        assert!(by_upn.is_ok(), "{mail}");
    }
}

#[tokio::test]
async fn a_name_given_to_another_account_is_noticed_within_the_cache_lifetime() {
    let fixture = Fixture::start_with(contents(&[])).await;
    let mut realm = realm(&fixture, |_| {});
    realm.verify_after = Duration::ZERO;
    let name = "odd@fabrikam.com";
    assert_eq!(prove(&realm, name, demo_accounts::PASSWORD).await, Ok(()));
    let before = fixture.embedded.counts().searches;
    assert_eq!(prove(&realm, name, demo_accounts::PASSWORD).await, Ok(()));
    assert_eq!(
        fixture.embedded.counts().searches,
        before + 1,
        "one read beside the bind"
    );

    for (changed, expected) in [
        // Another account under the same name, with another GUID or another UPN.
        (
            vec![("mS-DS-ConsistencyGuid", "another-account!")],
            BindError::AnotherAccount,
        ),
        (
            vec![("userPrincipalName", "odd2@partners.contoso.com")],
            BindError::AnotherAccount,
        ),
        // The address was taken away; the account was made privileged, or disabled.
        (
            vec![("mail", "even@fabrikam.com")],
            BindError::AnotherAccount,
        ),
        (vec![("adminCount", "1")], BindError::AnotherAccount),
        (
            vec![("userAccountControl", "514")],
            BindError::State(AccountState::Disabled),
        ),
    ] {
        let fixture = Fixture::start_with(contents(&[])).await;
        let mut realm = self::realm(&fixture, |_| {});
        assert_eq!(prove(&realm, name, demo_accounts::PASSWORD).await, Ok(()));
        let _fixture = fixture.restart_with(contents(&changed)).await;
        // Fresh enough to rely on; then not.
        assert_eq!(prove(&realm, name, demo_accounts::PASSWORD).await, Ok(()));
        realm.verify_after = Duration::ZERO;
        let account = find(&realm, name).await.unwrap();
        let wrong = Password::parse("wrong").unwrap();
        assert_eq!(
            realm.prove(&account, &wrong).await.unwrap_err(),
            BindError::Wrong
        );
        let right = Password::parse(demo_accounts::PASSWORD).unwrap();
        assert_eq!(
            realm.prove(&account, &right).await.unwrap_err(),
            expected,
            "{changed:?}"
        );
    }
}
