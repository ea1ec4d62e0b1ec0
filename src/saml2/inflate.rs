//! DEFLATE (RFC 1951) for messages, which are small.
//!
//! A message is some four hundred octets, and a decoder that is built for megabytes takes most of
//! its time to lay out tables for them: 7 µs of a sign-in, where this takes 4. What it makes of
//! each stream is compared with the library that packs ours.

/// A stream that is not DEFLATE, is cut off, or inflates to more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotInflated;

/// Inflates, up to `most` octets: the ratio of a bomb does not matter then. What follows the stream
/// is left alone.
pub(super) fn inflate(deflated: &[u8], most: usize) -> Result<Vec<u8>, NotInflated> {
    let mut inflated = Inflated {
        octets: Vec::with_capacity((deflated.len() * 3).min(most)),
        most,
    };
    all_blocks(&mut Bits::of(deflated), &mut inflated).ok_or(NotInflated)?;
    Ok(inflated.octets)
}

/// `None`, as in all that follows, where the stream is none.
fn all_blocks(bits: &mut Bits<'_>, inflated: &mut Inflated) -> Option<()> {
    let mut codes = Codes::default();
    loop {
        bits.refill();
        let is_last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => stored(bits, inflated)?,
            1 => {
                codes.fix()?;
                codes.compressed(bits, inflated)?;
            }
            2 => {
                codes.read(bits)?;
                codes.compressed(bits, inflated)?;
            }
            _ => return None,
        }
        if is_last {
            return Some(());
        }
    }
}

/// RFC 1951, 3.2.4.
fn stored(bits: &mut Bits<'_>, inflated: &mut Inflated) -> Option<()> {
    bits.skip_to_octet();
    bits.refill();
    let length = bits.take(16)?;
    if bits.take(16)? != length ^ 0xFFFF {
        return None;
    }
    for _ in 0..length {
        bits.refill();
        inflated.push(u8::try_from(bits.take(8)?).ok()?)?;
    }
    Some(())
}

/// The two codes of a compressed block.
#[derive(Default)]
struct Codes {
    literals: Code,
    distances: Code,
}

impl Codes {
    /// Those of a block that brings none (RFC 1951, 3.2.6).
    fn fix(&mut self) -> Option<()> {
        let mut lengths = [8; 288];
        lengths.get_mut(144..256)?.fill(9);
        lengths.get_mut(256..280)?.fill(7);
        self.literals.set(&lengths)?;
        self.distances.set(&[5; 32])
    }

    /// Those that a block brings (RFC 1951, 3.2.7).
    fn read(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        const ORDER: [usize; 19] = [
            16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
        ];
        let literals = bits.take(5)? as usize + 257;
        let distances = bits.take(5)? as usize + 1;
        let orders = bits.take(4)? as usize + 4;
        if literals > 286 || distances > 30 {
            return None;
        }
        let mut lengths = [0; 19];
        for &at in ORDER.get(..orders)? {
            bits.refill();
            *lengths.get_mut(at)? = u8::try_from(bits.take(3)?).ok()?;
        }
        // The place of the distances is free until then.
        let code = &mut self.distances;
        code.set(&lengths)?;

        let mut lengths = [0; 286 + 30];
        let lengths = lengths.get_mut(..literals + distances)?;
        let mut at = 0;
        while at < lengths.len() {
            bits.refill();
            let (length, times) = match code.next(bits)? {
                16 => (*lengths.get(at.checked_sub(1)?)?, 3 + bits.take(2)?),
                17 => (0, 3 + bits.take(3)?),
                18 => (0, 11 + bits.take(7)?),
                length => (u8::try_from(length).ok()?, 1),
            };
            let end = at + times as usize;
            lengths.get_mut(at..end)?.fill(length);
            at = end;
        }
        let (literals, distances) = lengths.split_at_checked(literals)?;
        self.literals.set(literals)?;
        self.distances.set(distances)
    }

    /// What the block consists of (RFC 1951, 3.2.3).
    fn compressed(&self, bits: &mut Bits<'_>, inflated: &mut Inflated) -> Option<()> {
        const END: u16 = 256;
        loop {
            // Enough for all of one round: 15 + 5 + 15 + 13 bits.
            bits.refill();
            let symbol = self.literals.next(bits)?;
            if let Ok(literal) = u8::try_from(symbol) {
                inflated.push(literal)?;
            } else if symbol == END {
                return Some(());
            } else {
                let (length, extra) = *LENGTHS.get(usize::from(symbol - END - 1))?;
                let length = u32::from(length) + bits.take(extra)?;
                let (distance, extra) = *DISTANCES.get(usize::from(self.distances.next(bits)?))?;
                let distance = u32::from(distance) + bits.take(extra)?;
                inflated.repeat(distance, length)?;
            }
        }
    }
}

/// Length and number of extra bits, from symbol 257 (RFC 1951, 3.2.5).
#[rustfmt::skip]
const LENGTHS: [(u16, u32); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1),
    (15, 1), (17, 1), (19, 2), (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3),
    (67, 4), (83, 4), (99, 4), (115, 4), (131, 5), (163, 5), (195, 5), (227, 5), (258, 0),
];

/// Distance and number of extra bits.
#[rustfmt::skip]
const DISTANCES: [(u16, u32); 30] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3),
    (33, 4), (49, 4), (65, 5), (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8),
    (1025, 9), (1537, 9), (2049, 10), (3073, 10), (4097, 11), (6145, 11), (8193, 12), (12289, 12),
    (16385, 13), (24577, 13),
];

/// What has come out so far.
struct Inflated {
    octets: Vec<u8>,
    most: usize,
}

impl Inflated {
    fn push(&mut self, octet: u8) -> Option<()> {
        (self.octets.len() < self.most).then(|| self.octets.push(octet))
    }

    /// Repeats what stands `distance` before the end; what is repeated may overlap what is written.
    fn repeat(&mut self, distance: u32, length: u32) -> Option<()> {
        let (distance, length) = (distance as usize, length as usize);
        let from = self.octets.len().checked_sub(distance)?;
        if self.octets.len() + length > self.most {
            return None;
        }
        if distance >= length {
            self.octets.extend_from_within(from..from + length);
        } else {
            for at in from..from + length {
                self.octets.push(*self.octets.get(at)?);
            }
        }
        Some(())
    }
}

/// A stream of bits, the lowest of each octet first.
struct Bits<'a> {
    /// What has not been looked at.
    rest: &'a [u8],
    /// The next bits, the first one lowest. Those above `count` are zero, or what comes next.
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    fn of(stream: &'a [u8]) -> Self {
        Self {
            rest: stream,
            held: 0,
            count: 0,
        }
    }

    /// Holds at least 56 bits from here on, or all that are left.
    fn refill(&mut self) {
        if let Some(octets) = self.rest.first_chunk() {
            self.held |= u64::from_le_bytes(*octets) << self.count;
            let whole = (63 - self.count) / 8;
            self.rest = self.rest.get(whole as usize..).unwrap_or_default();
            self.count += whole * 8;
            return;
        }
        while self.count < 56
            && let Some((octet, rest)) = self.rest.split_first()
        {
            self.held |= u64::from(*octet) << self.count;
            self.rest = rest;
            self.count += 8;
        }
    }

    /// The next bits, up to 16, of those that are held.
    fn take(&mut self, number: u32) -> Option<u32> {
        let mask = (1 << number) - 1;
        let bits = u32::try_from(self.held & mask).ok()?;
        self.skip(number)?;
        Some(bits)
    }

    fn skip(&mut self, number: u32) -> Option<()> {
        self.count = self.count.checked_sub(number)?;
        self.held >>= number;
        Some(())
    }

    fn skip_to_octet(&mut self) {
        let odd = self.count % 8;
        self.count -= odd;
        self.held >>= odd;
    }
}

/// The longest code, in bits.
const LONGEST: usize = 15;
/// Codes up to this length are looked up at once; few of a message's are longer.
const QUICK: usize = 9;

/// A Huffman code (RFC 1951, 3.2.2).
struct Code {
    /// By the next bits: a symbol, and in the lowest four bits the length of its code; 0 where the
    /// code is longer.
    quick: [u16; 1 << QUICK],
    /// How many codes there are of each length.
    counts: [u16; LONGEST + 1],
    /// The symbols in the order of their codes.
    symbols: [u16; 288],
}

impl Default for Code {
    fn default() -> Self {
        Self {
            quick: [0; 1 << QUICK],
            counts: [0; LONGEST + 1],
            symbols: [0; 288],
        }
    }
}

impl Code {
    /// Makes it the code in which each symbol has a code of this length, or none. Every sequence of
    /// bits must mean something, and one thing only; but there may be one symbol, or none.
    fn set(&mut self, lengths: &[u8]) -> Option<()> {
        self.counts = [0; LONGEST + 1];
        for &length in lengths {
            *self.counts.get_mut(usize::from(length))? += 1;
        }
        let [unused, counts @ ..] = &mut self.counts;
        *unused = 0;

        // Where the symbols of each length begin.
        let mut starts = [0_u16; LONGEST + 1];
        let (mut start, mut free) = (0, 1_i32);
        for (place, &count) in starts.iter_mut().skip(1).zip(counts.iter()) {
            free = free * 2 - i32::from(count);
            if free < 0 {
                return None;
            }
            *place = start;
            start += count;
        }
        let has_one_of_one_bit = start == 1 && counts.first() == Some(&1);
        if free > 0 && start > 0 && !has_one_of_one_bit {
            return None;
        }
        for (symbol, &length) in (0_u16..).zip(lengths) {
            if length > 0 {
                let place = starts.get_mut(usize::from(length))?;
                *self.symbols.get_mut(usize::from(*place))? = symbol;
                *place += 1;
            }
        }
        self.lay_out_quick();
        Some(())
    }

    /// What each code of so many bits means is the same whatever comes behind it, so that the table
    /// for one bit more begins as twice this one.
    fn lay_out_quick(&mut self) {
        if let Some(first) = self.quick.first_mut() {
            *first = 0;
        }
        let mut symbols = self.symbols.iter();
        let (mut next, mut size) = (0_u16, 1);
        for (length, &count) in (0_u16..).zip(&self.counts).skip(1).take(QUICK) {
            self.quick.copy_within(..size, size);
            size *= 2;
            next *= 2;
            for &symbol in symbols.by_ref().take(usize::from(count)) {
                // Codes come with their highest bit first, and all else with its lowest.
                let place = next.reverse_bits() >> (16 - length);
                if let Some(entry) = self.quick.get_mut(usize::from(place)) {
                    *entry = symbol << 4 | length;
                }
                next += 1;
            }
        }
    }

    /// The next symbol of those bits that are held.
    fn next(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let head = usize::try_from(bits.held).ok()? % (1 << QUICK);
        match *self.quick.get(head)? {
            0 => self.next_of_many_bits(bits),
            entry => {
                bits.skip(u32::from(entry % 16))?;
                Some(entry >> 4)
            }
        }
    }

    /// Bit by bit: codes of one length are numbers in sequence, above those that go on.
    fn next_of_many_bits(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let (mut code, mut first, mut start) = (0, 0, 0);
        for &count in self.counts.iter().skip(1) {
            code = code * 2 + bits.take(1)?;
            first *= 2;
            let count = u32::from(count);
            if let Some(at) = code.checked_sub(first).filter(|at| *at < count) {
                return self.symbols.get((start + at) as usize).copied();
            }
            start += count;
            first += count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use miniz_oxide::{
        deflate::{compress_to_vec, core::CompressionStrategy},
        inflate::decompress_to_vec_with_limit,
    };
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 64 * 1024;

    /// What the library says, where it has read the whole of it.
    fn by_library(deflated: &[u8]) -> Result<Vec<u8>, NotInflated> {
        decompress_to_vec_with_limit(deflated, MOST).map_err(|_| NotInflated)
    }

    #[test]
    fn every_kind_of_block_is_read() {
        let text = include_str!("inflate.rs").as_bytes();
        for length in [0, 1, 2, 257, 258, 259, 600, text.len()] {
            let message = &text[..length];
            for level in 0..=10 {
                let deflated = compress_to_vec(message, level);
                assert_eq!(inflate(&deflated, MOST).unwrap(), message, "level {level}");
            }
            let fixed = deflated_by(message, CompressionStrategy::Fixed);
            assert_eq!(fixed[0] & 7, 0b011, "one block with the fixed codes");
            assert_eq!(inflate(&fixed, MOST).unwrap(), message);
        }
    }

    fn deflated_by(message: &[u8], strategy: CompressionStrategy) -> Vec<u8> {
        use miniz_oxide::deflate::core::{
            CompressorOxide, TDEFLFlush, compress, create_comp_flags_from_zip_params,
        };
        let flags = create_comp_flags_from_zip_params(9, -15, strategy as i32);
        let mut deflated = vec![0; message.len() * 2 + 64];
        let (_, _, length) = compress(
            &mut CompressorOxide::new(flags),
            message,
            &mut deflated,
            TDEFLFlush::Finish,
        );
        deflated.truncate(length);
        deflated
    }

    #[test]
    fn a_stream_of_rare_octets_has_long_codes() {
        // Each octet is half as frequent as the one before, so that its code is one bit longer.
        let mut message = Vec::new();
        for octet in 0..15_u8 {
            message.extend(std::iter::repeat_n(
                octet.wrapping_mul(37),
                1 << (14 - octet),
            ));
        }
        let deflated = deflated_by(&message, CompressionStrategy::HuffmanOnly);
        assert_eq!(inflate(&deflated, MOST).unwrap(), message);
    }

    #[test]
    fn no_more_than_permitted_comes_out() {
        for length in [1, 299, 300, 301, 50_000_000] {
            for strategy in [
                CompressionStrategy::Default,
                CompressionStrategy::HuffmanOnly,
            ] {
                let deflated = deflated_by(&vec![b' '; length], strategy);
                let inflated = inflate(&deflated, 300);
                assert_eq!(inflated.is_ok(), length <= 300, "{length}");
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_refused_and_what_follows_is_left_alone() {
        let text = &include_str!("inflate.rs").as_bytes()[..3000];
        for level in [0, 1, 9] {
            let mut deflated = compress_to_vec(text, level);
            for length in 0..deflated.len() {
                assert_eq!(inflate(&deflated[..length], MOST), Err(NotInflated));
            }
            deflated.extend([0xFF; 20]);
            assert_eq!(inflate(&deflated, MOST).unwrap(), text);
        }
    }

    #[test]
    fn what_no_stream_has_is_refused() {
        for (what, stream) in [
            ("the fourth kind of block", &[0b111_u8][..]),
            ("a stored length that is not confirmed", &[1, 1, 0, 0, 0, 7]),
            ("a distance before the start", &[0x4B, 0x04, 0x12, 0]),
            (
                "codes of no length at all",
                &[0b101, 0, 0, 0, 0, 0, 0, 0, 0],
            ),
            (
                "286 literals and more",
                &[0b1111_0101, 0xFF, 0xFF, 0xFF, 0xFF],
            ),
        ] {
            assert_eq!(inflate(stream, MOST), Err(NotInflated), "{what}");
            assert_eq!(by_library(stream), Err(NotInflated), "{what}");
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out(
            message in prop::collection::vec(prop_oneof![3 => 97..105_u8, 1 => any::<u8>()], 0..3000),
            level in 0..=10_u8,
        ) {
            let deflated = compress_to_vec(&message, level);
            prop_assert_eq!(inflate(&deflated, MOST).unwrap(), message);
        }

        /// Damaged anywhere, a stream means to this what it means to the library.
        #[test]
        fn agrees_with_the_library(
            message in prop::collection::vec(97..105_u8, 0..400),
            level in 0..=10_u8,
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        ) {
            let mut deflated = compress_to_vec(&message, level);
            for (at, octet) in damage {
                let at = at.index(deflated.len());
                deflated[at] = octet;
            }
            prop_assert_eq!(inflate(&deflated, MOST), by_library(&deflated));
        }

        #[test]
        fn agrees_about_arbitrary_octets(stream in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(inflate(&stream, MOST), by_library(&stream));
        }
    }
}
