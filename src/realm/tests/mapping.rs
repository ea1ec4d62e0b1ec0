//! The rules: attributes, scopes, suffixes, the privileged, UPNs and immutable identifiers.

use crate::directory::Attribute;

use super::*;

#[tokio::test]
async fn federation_is_not_inherited() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |mapping| {
        mapping.federated_domains[0].suffix = DomainName::parse("contoso.com").unwrap();
    });
    let below = find(&realm, "wmoran@fabrikam.com").await;
    assert!(
        matches!(below, Err(MappingError::SuffixNotFederated { .. })),
        "{below:?}"
    );
}

#[tokio::test]
async fn the_privileged_need_a_permission_of_their_own() {
    let fixture = Fixture::start().await;
    let everywhere = |mapping: &mut Mapping| {
        mapping.scopes = vec![demo_accounts::BASE.parse().unwrap()];
        mapping.federated_domains[0].suffix = DomainName::parse("contoso.com").unwrap();
    };
    let strict = realm(&fixture, everywhere);
    let refused = find(&strict, "khart@contoso.com").await;
    assert!(
        matches!(refused, Err(MappingError::Privileged { .. })),
        "{refused:?}"
    );
    let lenient = realm(&fixture, |mapping| {
        everywhere(mapping);
        mapping.allow_privileged = true;
    });
    assert_eq!(
        find(&lenient, "khart@contoso.com")
            .await
            .unwrap()
            .cloud_upn(),
        "khart@contoso.com"
    );
}

#[tokio::test]
async fn empty_lists_refuse_everything() {
    let fixture = Fixture::start().await;
    let name = "wmoran@fabrikam.com";
    let unasked = realm(&fixture, |mapping| mapping.sign_in_attributes.clear());
    assert_eq!(
        find(&unasked, name).await.unwrap_err(),
        MappingError::NoMatch
    );
    let unscoped = realm(&fixture, |mapping| mapping.scopes.clear());
    assert!(matches!(
        find(&unscoped, name).await,
        Err(MappingError::OutOfScope { .. })
    ));
    let unfederated = realm(&fixture, |mapping| mapping.federated_domains.clear());
    assert!(matches!(
        find(&unfederated, name).await,
        Err(MappingError::SuffixNotFederated { .. })
    ));
}

#[tokio::test]
async fn account_names_sign_in_where_that_is_configured() {
    let fixture = Fixture::start().await;
    let realm = realm(&fixture, |mapping| {
        mapping
            .sign_in_attributes
            .push(SignInAttribute::SamAccountName);
    });
    let account = find(&realm, "WMoran").await.unwrap();
    assert_eq!(account.matched_by(), SignInAttribute::SamAccountName);
    assert_eq!(
        find(&realm, "wmorán").await.unwrap_err(),
        MappingError::NoMatch
    );
}

#[tokio::test]
async fn immutable_ids_come_from_where_entra_connect_takes_them() {
    let fixture = Fixture::start().await;
    let maya = demo_accounts::ACCOUNTS
        .iter()
        .find(|a| a.sam_account_name == "mgrant")
        .unwrap();
    let source = |immutable_id: ImmutableIdSource| {
        realm(&fixture, |mapping| mapping.immutable_id = immutable_id)
    };
    let id = |realm: Realm| async move {
        Ok::<_, MappingError>(
            find(&realm, "mgrant@wingtiptoys.com")
                .await?
                .immutable_id()
                .clone(),
        )
    };
    let attribute = |name: &str, encoding| ImmutableIdSource::Attribute {
        name: Attribute::parse(name).unwrap(),
        encoding,
    };
    let by_default = id(source(ImmutableIdSource::default())).await.unwrap();
    assert_eq!(
        by_default.as_str(),
        maya.consistency_guid.unwrap().immutable_id()
    );
    let by_guid = id(source(ImmutableIdSource::ObjectGuid)).await.unwrap();
    assert_eq!(by_guid.as_str(), maya.object_guid.immutable_id());
    let text = id(source(attribute(
        "sAMAccountName",
        ImmutableIdEncoding::Text,
    )))
    .await
    .unwrap();
    assert_eq!(text.as_str(), "mgrant");
    let octets = id(source(attribute("objectguid", ImmutableIdEncoding::Base64)))
        .await
        .unwrap();
    assert_eq!(octets, by_guid);
    for unusable in ["employeeID", "objectClass", "objectGUID"] {
        let refused = id(source(attribute(unusable, ImmutableIdEncoding::Text))).await;
        assert!(
            matches!(refused, Err(MappingError::NoImmutableId { .. })),
            "{unusable}"
        );
    }
}

#[tokio::test]
async fn unusable_upns_and_ids_are_refused() {
    let dn = "CN=Odd,OU=Partners,DC=contoso,DC=com";
    let upn = ("userPrincipalName", &b"odd@partners.contoso.com"[..]);
    let mail = ("mail", &b"odd@fabrikam.com"[..]);
    let guid = ("objectGUID", &[7; 16][..]);
    for (attributes, expected) in [
        (vec![mail, guid], MappingError::NoUpn { dn: dn.to_owned() }),
        (
            vec![mail, guid, ("userPrincipalName", b"odd")],
            MappingError::NoUpn { dn: dn.to_owned() },
        ),
        (
            vec![
                mail,
                guid,
                ("userPrincipalName", b"odd@partners.contoso.com."),
            ],
            MappingError::NoUpn { dn: dn.to_owned() },
        ),
        (
            vec![mail, guid, upn, upn],
            MappingError::NoUpn { dn: dn.to_owned() },
        ),
        (
            vec![mail, upn],
            MappingError::NoImmutableId { dn: dn.to_owned() },
        ),
        (
            vec![mail, upn, ("objectGUID", &[7; 15])],
            MappingError::NoImmutableId { dn: dn.to_owned() },
        ),
        (
            vec![mail, upn, guid, ("mS-DS-ConsistencyGuid", b"")],
            MappingError::NoImmutableId { dn: dn.to_owned() },
        ),
    ] {
        let fixture = Fixture::start_with(contents_with(dn, &attributes)).await;
        let realm = realm(&fixture, |_| {});
        assert_eq!(
            find(&realm, "odd@fabrikam.com").await.unwrap_err(),
            expected
        );
    }
}
