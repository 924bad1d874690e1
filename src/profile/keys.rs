//! Keys in a conf: 32 bytes in base64. No message contains any part of a key.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::Secret;

/// Public keys of small order on Curve25519 (RFC 7748 §6.1 requires to reject their result): the shared secret is zero
/// for any private key. The field elements 0, 1, −1 and the two points of order 8, with their non-canonical encodings.
const LOW_ORDER: [[u8; 32]; 7] = {
    let mut out = [[0_u8; 32]; 7];
    out[1][0] = 1;
    out[2] = [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ];
    out[3] = [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04,
        0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
    ];
    // p − 1, p and p + 1, with p = 2^255 − 19.
    let mut i = 4;
    while i < 7 {
        out[i] = [0xff; 32];
        out[i][31] = 0x7f;
        out[i][0] = 0xec + (i as u8 - 4);
        i += 1;
    }
    out
};

fn decode(text: &str) -> Result<Secret, &'static str> {
    let bytes = Zeroizing::new(
        BASE64_STANDARD
            .decode(text)
            .map_err(|_| "this key is not base64; 43 characters and `=` are expected")?,
    );
    Secret::copied(&bytes).ok_or(if bytes.len() < 32 {
        "this key is too short: 32 bytes are expected, 43 characters and `=`"
    } else {
        "this key is too long: 32 bytes are expected, 43 characters and `=`"
    })
}

///
/// # Errors
/// The error, without the key.
pub fn secret(text: &str) -> Result<Secret, &'static str> {
    let key = decode(text)?;
    if key.expose().iter().all(|&byte| byte == 0) {
        return Err("this key is all zeros, which is not valid");
    }
    Ok(key)
}

///
/// # Errors
/// The error, without the key.
pub fn public(text: &str) -> Result<[u8; 32], &'static str> {
    let key = *decode(text)?.expose();
    let mut masked = key;
    // The top bit is ignored (RFC 7748 §5).
    masked[31] &= 0x7f;
    if LOW_ORDER.contains(&masked) {
        return Err("this public key is of low order, which gives no secrecy");
    }
    Ok(key)
}

/// `PresharedKey`; all zeros is the same as none.
///
/// # Errors
/// The error, without the key.
pub fn preshared(text: &str) -> Result<Option<Secret>, &'static str> {
    let key = decode(text)?;
    Ok(key.expose().iter().any(|&byte| byte != 0).then_some(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_thirty_two_bytes_are_a_key() {
        let of = |n: usize| BASE64_STANDARD.encode(vec![7; n]);
        assert!(secret(&of(32)).is_ok() && public(&of(32)).is_ok());
        for n in [0, 1, 31, 33, 64] {
            assert!(secret(&of(n)).is_err() && public(&of(n)).is_err() && preshared(&of(n)).is_err(), "{n}");
        }
        assert!(secret("not base64 at all!").is_err());
    }

    #[test]
    fn keys_of_low_order_are_rejected() {
        assert!(secret(&BASE64_STANDARD.encode([0; 32])).is_err());
        for mut point in LOW_ORDER {
            assert!(public(&BASE64_STANDARD.encode(point)).is_err());
            // A point has low order if every private key leads to zero.
            let scalar = boringtun::x25519::StaticSecret::from([9; 32]);
            let shared = scalar.diffie_hellman(&boringtun::x25519::PublicKey::from(point));
            assert_eq!(shared.as_bytes(), &[0; 32]);
            point[31] |= 0x80;
            assert!(public(&BASE64_STANDARD.encode(point)).is_err());
        }
        assert_eq!(preshared(&BASE64_STANDARD.encode([0; 32])), Ok(None));
    }
}
