//! Five hundred random changes of a valid request: whatever comes of it, it is an answer.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    provider::{Asked, Provider, redirect_parameter},
    raw::Raw,
};

/// xorshift64*: the same sequence in every run, so that a failure can be had again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % bound
    }

    /// Changes one to four places: replaced, removed, doubled, or with something telling put in.
    fn mutate(&mut self, octets: &mut Vec<u8>) {
        const TELLING: &[&[u8]] = &[
            b"<",
            b">",
            b"&",
            b"\"",
            b"]]>",
            b"<!--",
            b"<?",
            b"&#0;",
            b"\0",
            b"\xff",
            b"\r\n",
            b"%",
            b"=",
            b"xmlns=\"\"",
            b"9999-12-31T23:59:59-23:59",
            b"-1",
            b"\xed\xa0\x80",
            b"\xf0\x9f",
        ];
        for _ in 0..=self.below(4) {
            if octets.is_empty() {
                return;
            }
            let at = self.below(octets.len());
            match self.below(5) {
                0 => octets[at] = self.next().to_le_bytes()[0],
                1 => octets[at] ^= 1 << self.below(8),
                2 => drop(octets.drain(at..(at + 1 + self.below(20)).min(octets.len()))),
                3 => {
                    let end = (at + 1 + self.below(60)).min(octets.len());
                    let copy = octets[at..end].to_vec();
                    octets.splice(at..at, copy);
                }
                _ => {
                    let telling = TELLING[self.below(TELLING.len())];
                    octets.splice(at..at, telling.iter().copied());
                }
            }
        }
    }
}

pub(crate) async fn five_hundred_mutations(provider: &Provider) {
    let mut random = Random(0x5eed_0f50_aced_beef);
    let mut statuses = std::collections::BTreeMap::new();
    for round in 0..500 {
        let asked = Asked::with("ForceAuthn=\"false\" AssertionConsumerServiceIndex=\"0\"");
        let request = match round % 3 {
            // The message itself.
            0 => {
                let mut message = asked.to_xml().into_bytes();
                random.mutate(&mut message);
                Raw::form("/saml2/sso", &[("SAMLRequest", STANDARD.encode(message))])
            }
            // Its encoding in a form.
            1 => {
                let mut body = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(asked.to_post())
                    .finish()
                    .into_bytes();
                random.mutate(&mut body);
                Raw::new("POST", "/saml2/sso")
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .body(body)
            }
            // Its encoding in a query, of characters that a query may have: what is beyond them
            // the HTTP library refuses, and they would be percent-encoded anyway.
            _ => {
                let query = redirect_parameter(&asked.to_xml());
                let mut query = format!("SAMLRequest={query}&RelayState=a").into_bytes();
                random.mutate(&mut query);
                query
                    .retain(|octet| octet.is_ascii_alphanumeric() || b"%+=&-._~!*".contains(octet));
                let query = String::from_utf8(query).expect("ASCII");
                Raw::get(format!("/saml2/sso?{query}"))
            }
        };
        let answer = request.send(provider).await;
        assert!(
            matches!(answer.status, 200 | 400 | 403),
            "round {round}: {answer:?}"
        );
        answer.must_be_a_secure_page("a mutation");
        *statuses.entry(answer.status).or_insert(0) += 1;
    }
    // They must reach further than the door: some are still good, most are not.
    assert!(statuses[&200] > 10 && statuses[&400] > 200, "{statuses:?}");
}
