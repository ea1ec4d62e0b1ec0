//! Searches: what they return, how much of it, and how many at once.

use super::*;

#[tokio::test]
async fn searches_return_what_was_asked_for() {
    let fixture = Fixture::start().await;
    let directory = fixture.directory();
    let filter = Filter::equal("MAIL", "WMORAN@fabrikam.com");
    let found = directory
        .search(&filter, &["objectguid", "mail"], 3)
        .await
        .unwrap();
    let [entry] = found.entries.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(entry.dn(), "CN=Wendy Moran,OU=Partners,DC=contoso,DC=com");
    assert_eq!(
        entry.values("mail").collect::<Vec<_>>(),
        ["wmoran@fabrikam.com"]
    );
    assert_eq!(entry.values("displayName").count(), 0, "was not asked for");
    let guid = ObjectGuid::try_from(entry.bytes("objectGUID").next().unwrap()).unwrap();
    assert_eq!(guid, demo_accounts::ACCOUNTS[0].object_guid);

    let by_guid = directory
        .search(&guid.filter(), &["mail"], 3)
        .await
        .unwrap();
    assert_eq!(
        by_guid.entries.len(),
        1,
        "octets in a filter are matched as octets"
    );
}

#[tokio::test]
async fn size_limits_are_an_answer() {
    let fixture = Fixture::start().await;
    let directory = fixture.directory();
    let all = Filter::present("objectGUID");
    let found = directory.search(&all, &["mail"], 3).await.unwrap();
    assert_eq!((found.entries.len(), found.truncated), (3, true));
    let found = directory.search(&all, &["mail"], 1).await.unwrap();
    assert_eq!(
        (found.entries.len(), found.truncated),
        (2, true),
        "two are always asked for"
    );
    let count = demo_accounts::ACCOUNTS.len();
    let found = directory.search(&all, &["mail"], count).await.unwrap();
    assert_eq!((found.entries.len(), found.truncated), (count, false));
    let none = Filter::And(vec![all.clone(), Filter::Not(Box::new(all))]);
    assert!(
        directory
            .search(&none, &["mail"], 3)
            .await
            .unwrap()
            .entries
            .is_empty()
    );
}

#[tokio::test]
async fn the_scope_filter_narrows_every_search() {
    let mut fixture = Fixture::start().await;
    let scope = ScopeFilter::parse("(&(objectClass=user)(!(adminCount=1))(sn=M*n))").unwrap();
    fixture.settings.scope_filter = Some(scope);
    let filter = Filter::present("objectGUID");
    let found = fixture
        .directory()
        .search(&filter, &["sn"], 20)
        .await
        .unwrap();
    let names: Vec<_> = found
        .entries
        .iter()
        .flat_map(|entry| entry.values("sn"))
        .collect();
    assert_eq!(names, ["Moran"]);
}

#[tokio::test]
async fn searches_beyond_the_limit_are_told_busy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut fixture = Fixture::start().await;
    fixture.settings.servers =
        Servers::Listed(vec![format!("ldaps://localhost:{port}").parse().unwrap()]);
    fixture.settings.limits.max_searches = 1;
    fixture.settings.limits.max_wait = Duration::from_millis(50);
    fixture.settings.limits.connect_deadline = Duration::from_millis(500);
    let directory = fixture.directory();
    let (first, second) = tokio::join!(directory.probe(), directory.probe());
    let errors = [first.unwrap_err(), second.unwrap_err()];
    let busy = errors
        .iter()
        .filter(|error| **error == DirectoryError::Busy);
    assert_eq!(busy.count(), 1, "{errors:?}");
}

#[tokio::test]
async fn searches_share_several_connections() {
    let mut fixture = Fixture::start().await;
    fixture.settings.limits.search_connections = 3;
    let directory = fixture.directory();
    for _ in 0..12 {
        directory.probe().await.unwrap();
    }
    let counts = fixture.embedded.counts();
    assert_eq!((counts.connections, counts.searches), (3, 12));
}
