use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::KeyError;

/// A signature algorithm of JSON Web Algorithms (RFC 7518 3.1) that is taken.
///
/// There are no others, on purpose. `none` proves nothing. With the HMACs whoever can check can also
/// make; and a verifier that takes both an HMAC and a public key can be had to take the public key,
/// which everybody knows, for the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonWebAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256, the salt as long as the digest.
    Ps256,
    /// ECDSA on P-256 with SHA-256, both numbers one behind the other.
    Es256,
}

impl JsonWebAlgorithm {
    /// By its name, which is compared letter by letter; `None` for each that is not taken.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
        }
    }
}

/// A public key as JSON Web Keys have it (RFC 7518 6): RSA of at least 2048 bits, or on P-256.
#[derive(Clone, PartialEq, Eq)]
pub struct JsonWebKey(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256 { point: Vec<u8> },
}

/// Modulus of RSA, in octets.
const RSA_OCTETS: std::ops::RangeInclusive<usize> = 256..=1024;

/// A number of P-256, in octets.
const P256_OCTETS: usize = 32;

impl JsonWebKey {
    /// From the numbers `n` and `e`, the highest octet first.
    ///
    /// # Errors
    /// [`KeyError::NotRsa`] for a modulus of less than 2048 or more than 8192 bits, or an exponent
    /// that is even, one, or longer than anybody's.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let (modulus, exponent) = (significant(modulus), significant(exponent));
        let odd = exponent.last().is_some_and(|octet| octet % 2 == 1);
        if !RSA_OCTETS.contains(&modulus.len()) || exponent.len() > 4 || !odd || exponent == [1] {
            return Err(KeyError::NotRsa);
        }
        Ok(Self(Kind::Rsa {
            modulus: modulus.to_vec(),
            exponent: exponent.to_vec(),
        }))
    }

    /// From the coordinates `x` and `y` of a point on P-256. Whether it lies there is seen when a
    /// signature is checked.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when they are not of 32 octets each (RFC 7518 6.2.1.2).
    pub fn p256(x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        if x.len() != P256_OCTETS || y.len() != P256_OCTETS {
            return Err(KeyError::Crypto);
        }
        // SEC 1 2.3.3, not compressed.
        let point = [&[0x04], x, y].concat();
        Ok(Self(Kind::P256 { point }))
    }

    /// Whether it is of the kind that an algorithm needs.
    pub fn fits(&self, algorithm: JsonWebAlgorithm) -> bool {
        match algorithm {
            JsonWebAlgorithm::Rs256 | JsonWebAlgorithm::Ps256 => matches!(self.0, Kind::Rsa { .. }),
            JsonWebAlgorithm::Es256 => matches!(self.0, Kind::P256 { .. }),
        }
    }

    /// Checks a signature over `message`.
    ///
    /// # Errors
    /// [`KeyError::Crypto`] when the signature does not hold, or the key is of another kind than the
    /// algorithm; nothing more is said, on purpose.
    pub fn verify(
        &self,
        algorithm: JsonWebAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), KeyError> {
        match (&self.0, algorithm) {
            (
                Kind::Rsa { modulus, exponent },
                JsonWebAlgorithm::Rs256 | JsonWebAlgorithm::Ps256,
            ) => {
                let parameters = if algorithm == JsonWebAlgorithm::Rs256 {
                    &RSA_PKCS1_2048_8192_SHA256
                } else {
                    &RSA_PSS_2048_8192_SHA256
                };
                let key = RsaPublicKeyComponents {
                    n: modulus,
                    e: exponent,
                };
                Ok(key.verify(parameters, message, signature)?)
            }
            (Kind::P256 { point }, JsonWebAlgorithm::Es256) => {
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                Ok(key.verify(message, signature)?)
            }
            _ => Err(KeyError::Crypto),
        }
    }
}

impl fmt::Debug for JsonWebKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Rsa { modulus, .. } => write!(f, "RSA of {} bits", modulus.len() * 8),
            Kind::P256 { .. } => f.write_str("P-256"),
        }
    }
}

/// Without zeros in front, which RFC 7518 2 forbids and some write.
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};

    use super::*;

    fn decoded(text: &str) -> Vec<u8> {
        BASE64.decode(text).unwrap()
    }

    /// RFC 7515 A.2.
    const RS256_KEY: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const RS256_SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn rs256() -> (JsonWebKey, String, Vec<u8>) {
        let key = JsonWebKey::rsa(&decoded(RS256_KEY), &decoded("AQAB")).unwrap();
        let message = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}");
        (key, message, decoded(RS256_SIGNATURE))
    }

    /// RFC 7515 A.3.
    fn es256() -> (JsonWebKey, String, Vec<u8>) {
        let key = JsonWebKey::p256(
            &decoded("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
            &decoded("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
        );
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let message = format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}");
        (key.unwrap(), message, decoded(signature))
    }

    #[test]
    fn the_examples_of_rfc_7515_hold_and_no_others() {
        let (rsa, ec) = (rs256(), es256());
        for ((key, message, signature), algorithm) in [
            (&rsa, JsonWebAlgorithm::Rs256),
            (&ec, JsonWebAlgorithm::Es256),
        ] {
            let message = message.as_bytes();
            assert!(key.fits(algorithm));
            key.verify(algorithm, message, signature).unwrap();
            assert!(key.verify(algorithm, b"other", signature).is_err());
            let mut broken = signature.clone();
            broken[5] ^= 1;
            assert!(key.verify(algorithm, message, &broken).is_err());
            assert!(key.verify(algorithm, message, &[]).is_err());
            for other in [
                JsonWebAlgorithm::Rs256,
                JsonWebAlgorithm::Ps256,
                JsonWebAlgorithm::Es256,
            ] {
                let holds = key.verify(other, message, signature).is_ok();
                assert_eq!(holds, other == algorithm);
            }
        }
        assert!(!ec.0.fits(JsonWebAlgorithm::Rs256));
        assert!(!rsa.0.fits(JsonWebAlgorithm::Es256));
    }

    #[test]
    fn pss_is_checked_as_pss() {
        use aws_lc_rs::{
            rand::SystemRandom,
            rsa::{KeyPair, KeySize},
            signature::{KeyPair as _, RSA_PSS_SHA256},
        };
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), b"m", &mut signature)
            .unwrap();
        // RSAPublicKey in DER: the modulus behind eight octets, with a zero in front, as some write it.
        let der = pair.public_key().as_ref();
        let key = JsonWebKey::rsa(&der[8..265], &[1, 0, 1]).unwrap();
        key.verify(JsonWebAlgorithm::Ps256, b"m", &signature)
            .unwrap();
        assert!(
            key.verify(JsonWebAlgorithm::Rs256, b"m", &signature)
                .is_err()
        );
    }

    #[test]
    fn weak_and_odd_keys_are_refused() {
        let modulus = decoded(RS256_KEY);
        let e = decoded("AQAB");
        assert!(JsonWebKey::rsa(&modulus[1..], &e).is_err());
        assert!(JsonWebKey::rsa(&[0xff; 1025], &e).is_err());
        assert!(JsonWebKey::rsa(&[], &e).is_err());
        for exponent in [&[][..], &[0], &[1], &[2], &[1, 0, 0, 0, 1]] {
            assert!(JsonWebKey::rsa(&modulus, exponent).is_err(), "{exponent:?}");
        }
        assert!(JsonWebKey::p256(&[1; 31], &[1; 32]).is_err());
        assert!(JsonWebKey::p256(&[1; 32], &[1; 33]).is_err());
        // Two numbers that are no point of the curve.
        let (_, message, signature) = es256();
        let astray = JsonWebKey::p256(&[1; 32], &[1; 32]).unwrap();
        assert!(
            astray
                .verify(JsonWebAlgorithm::Es256, message.as_bytes(), &signature)
                .is_err()
        );
    }

    #[test]
    fn names_are_compared_letter_by_letter() {
        for known in ["RS256", "PS256", "ES256"] {
            assert_eq!(JsonWebAlgorithm::named(known).unwrap().name(), known);
        }
        for refused in [
            "none", "None", "HS256", "rs256", "RS512", "ES256K", "EdDSA", "",
        ] {
            assert_eq!(JsonWebAlgorithm::named(refused), None, "{refused}");
        }
    }
}
