use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256,
    },
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

/// An issuer that signs whatever it is told to.
pub(crate) struct TestIssuer {
    rsa: KeyPair,
    ec: EcdsaKeyPair,
    random: SystemRandom,
}

impl TestIssuer {
    pub(crate) fn new() -> Self {
        Self {
            rsa: KeyPair::generate(KeySize::Rsa2048).unwrap(),
            ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            random: SystemRandom::new(),
        }
    }

    /// `n` of its RSA key: behind nine octets of DER.
    pub(crate) fn modulus(&self) -> &[u8] {
        &self.rsa.public_key().as_ref()[9..265]
    }

    /// The keys "rsa" and "ec".
    pub(crate) fn key_set(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        json!({"keys": [
            {"kty": "RSA", "kid": "rsa", "use": "sig",
             "n": BASE64.encode(self.modulus()), "e": "AQAB"},
            {"kty": "EC", "kid": "ec", "crv": "P-256",
             "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..])},
        ]})
    }

    pub(crate) fn rs256(&self, claims: &Value) -> String {
        self.token(&json!({"alg": "RS256", "kid": "rsa"}), claims)
    }

    /// Signed as the header's `alg` says; by RS256, whatever it says, where that is not known.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of(&header.to_string(), &claims.to_string())
    }

    pub(crate) fn token_of(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let octets = message.as_bytes();
        let signature = if header.contains("ES256") {
            let signature = self.ec.sign(&self.random, octets).unwrap();
            signature.as_ref().to_vec()
        } else {
            let mut signature = vec![0; self.rsa.public_modulus_len()];
            let padding = if header.contains("PS256") {
                &RSA_PSS_SHA256
            } else {
                &RSA_PKCS1_SHA256
            };
            self.rsa
                .sign(padding, &self.random, octets, &mut signature)
                .unwrap();
            signature
        };
        format!("{message}.{}", BASE64.encode(signature))
    }
}
