//! Addresses, and how long what is said of them may be relied on.

use std::time::Duration;

use super::*;

#[test]
fn the_default_address_is_the_first_one() {
    let service = |index: u16, default: &str, binding: &str| {
        format!(
            "<AssertionConsumerService index='{index}' {default} Binding='{binding}' \
             Location='{ACS}/{index}'/>"
        )
    };
    let document = document();
    let at = document.find("<AssertionConsumerService").unwrap();
    let (head, rest) = document.split_at(at);
    let (_, tail) = rest.split_once("/>").unwrap();
    let order = |services: &[(&str, &str)]| {
        let services: String = services
            .iter()
            .zip(0..)
            .map(|((default, binding), index)| service(index, default, binding))
            .collect();
        let read = read(&format!("{head}{services}{tail}"), SP).unwrap();
        let consumers = read.consumers.iter();
        consumers.map(|consumer| consumer.index).collect::<Vec<_>>()
    };
    let post = BINDING_POST;
    assert_eq!(order(&[("", post), ("", post)]), [0, 1]);
    assert_eq!(
        order(&[
            ("", post),
            ("isDefault='1'", post),
            ("isDefault='true'", post)
        ]),
        [1, 0, 2]
    );
    assert_eq!(
        order(&[
            ("isDefault='false'", post),
            ("", post),
            ("isDefault='0'", post)
        ]),
        [1, 0, 2]
    );
    assert_eq!(
        order(&[("isDefault='0'", post), ("isDefault='0'", post)]),
        [0, 1]
    );
    assert_eq!(
        order(&[
            ("isDefault='1'", "urn:another"),
            ("", "urn:artifact"),
            ("", post)
        ]),
        [2]
    );
}

#[test]
fn it_is_valid_for_the_shortest_time_that_anybody_around_it_says() {
    let stated = |group: &str, entity: &str, role: &str| {
        let document = document()
            .replace("ID='_e'", entity)
            .replace("<SPSSODescriptor", &format!("<SPSSODescriptor {role}"));
        read(
            &format!(
                "<g:EntitiesDescriptor xmlns:g='{METADATA}' {group}><g:EntitiesDescriptor>{document}</g:EntitiesDescriptor></g:EntitiesDescriptor>"
            ),
            SP,
        )
    };
    let until = |seconds: i64| now() + time::Duration::seconds(seconds);
    let written = |seconds: i64| {
        format!(
            "validUntil='{}'",
            crate::saml2::format_timestamp(until(seconds))
        )
    };
    let validity = stated(
        &(written(60) + " cacheDuration='PT2H'"),
        &(written(30) + " cacheDuration='PT3H'"),
        &(written(90) + " cacheDuration='PT1H'"),
    );
    assert_eq!(
        validity.unwrap().validity,
        Validity {
            until: Some(until(30)),
            cache: Some(Duration::from_secs(3600)),
        }
    );
    for at in 0..3 {
        let mut parts = [written(9), written(9), written(9)];
        parts[at] = written(0);
        let error = stated(&parts[0], &parts[1], &parts[2]).unwrap_err();
        assert_eq!(error, Error::Expired(now()), "{at}");
        assert!(
            error
                .to_string()
                .ends_with("until 2026-11-18T11:06:40.000Z"),
            "{error}"
        );
    }
}
