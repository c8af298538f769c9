//! Fixed-point numbers as text, many millions a second: what the text formats spend their time on.
//!
//! The digits come from rounding `f64(x) * 10^decimals` half away from zero. That product is exact
//! (24 bits of an `f32` times at most 20 bits of a power of ten), so a coordinate that lies on a
//! decimal grid no finer than `decimals` is written as the grid has it, and no value is rounded
//! twice. `{:.2}` of the standard library gives the same digits in 7 to 10 times the time.

/// Largest coordinate that is written, in the unit of the file: 200 mm in micrometres, which no half of a
/// crystal reaches. The digits of anything smaller fit the buffers and the integers below, and LAS.
pub(crate) const LARGEST_COORDINATE: f32 = 200_000.0;

/// Most bytes of one number: sign, six digits, point, six decimals, and what the tables copy ahead.
pub(super) const LONGEST: usize = 24;

/// Writes into a buffer that is long enough; every push moves on.
pub(super) struct Cursor<'a> {
    buffer: &'a mut [u8],
    at: usize,
}

/// `0` to `999` without leading zeros, first digit in the lowest byte, the length in the highest.
const INTEGERS: [u32; 1000] = integers();

/// `000` to `999`.
const TRIPLES: [[u8; 3]; 1000] = triples();

/// `.00` to `.99`, the point in the lowest byte; the highest byte is the length without trailing
/// zeros, one digit kept.
const HUNDREDTHS: [u32; 100] = hundredths();

impl<'a> Cursor<'a> {
    pub(super) fn new(buffer: &'a mut [u8]) -> Self {
        Self { buffer, at: 0 }
    }

    /// Bytes written.
    pub(super) fn len(&self) -> usize {
        self.at
    }

    /// Appends text as it is.
    #[inline]
    pub(super) fn text(&mut self, text: &[u8]) {
        self.buffer[self.at..self.at + text.len()].copy_from_slice(text);
        self.at += text.len();
    }

    /// Appends a coordinate with at most two decimals, trailing zeros trimmed but one digit kept:
    /// `8.0`, `7.5`, `-47.18`.
    ///
    /// `x` is finite and at most [`LARGEST_COORDINATE`]; zero never gets a sign.
    #[inline]
    pub(super) fn trimmed2(&mut self, x: f32) {
        let n = scaled(x, 100.0);
        let (whole, fraction) = (n / 100, HUNDREDTHS[(n % 100) as usize]);
        let fraction_len = fraction >> 24;
        self.number(x, n, whole, u64::from(fraction & 0xFF_FFFF), fraction_len);
    }

    /// Appends a coordinate with at most four decimals, trimmed as [`Cursor::trimmed2`] does.
    #[inline]
    pub(super) fn trimmed4(&mut self, x: f32) {
        let n = scaled(x, 10_000.0);
        let (whole, fraction) = (n / 10_000, n % 10_000);
        let (first, second) = (fraction / 100, fraction % 100);
        let (digits, _) = four_decimals(first, second);
        let length = if second == 0 {
            HUNDREDTHS[first as usize] >> 24
        } else {
            2 + (HUNDREDTHS[second as usize] >> 24)
        };
        self.number(x, n, whole, digits, length);
    }

    /// Appends a coordinate with four decimals.
    #[inline]
    pub(super) fn fixed4(&mut self, x: f32) {
        let n = scaled(x, 10_000.0);
        let (whole, fraction) = (n / 10_000, n % 10_000);
        let (digits, length) = four_decimals(fraction / 100, fraction % 100);
        self.number(x, n, whole, digits, length);
    }

    /// Appends a coordinate with `decimals` digits after the point, 1 to 6; a tenth of the speed of
    /// the others.
    pub(super) fn fixed(&mut self, x: f32, decimals: u32) {
        let scale = 10_u64.pow(decimals);
        let n = (f64::from(x.abs()) * scale as f64 + 0.5) as u64;
        if x < 0.0 && n != 0 {
            self.text(b"-");
        }
        self.integer(n / scale);
        self.text(b".");
        let mut rest = n % scale;
        for place in (0..decimals as usize).rev() {
            self.buffer[self.at + place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        self.at += decimals as usize;
    }

    /// Appends sign, whole part and decimals in one copy: everything is put together in a register.
    #[inline]
    fn number(&mut self, x: f32, n: u32, whole: u32, decimals: u64, decimals_len: u32) {
        let negative = u32::from((x < 0.0) & (n != 0));
        if whole >= 1000 {
            return self.large(negative != 0, whole, decimals, decimals_len);
        }
        let entry = INTEGERS[whole as usize];
        let whole_len = entry >> 24;
        let digits = u128::from(entry & 0xFF_FFFF) | u128::from(decimals) << (8 * whole_len);
        let text = digits << (8 * negative) | u128::from(negative * u32::from(b'-'));
        self.buffer[self.at..self.at + 16].copy_from_slice(&text.to_le_bytes());
        self.at += (negative + whole_len + decimals_len) as usize;
    }

    #[cold]
    fn large(&mut self, negative: bool, whole: u32, decimals: u64, decimals_len: u32) {
        if negative {
            self.text(b"-");
        }
        self.integer(u64::from(whole));
        self.text(&decimals.to_le_bytes()[..decimals_len as usize]);
    }

    /// Appends what is the same for every point; one copy of a length that the compiler knows.
    #[inline]
    pub(super) fn stamp(&mut self, stamp: &Stamp) {
        self.buffer[self.at..self.at + STAMP].copy_from_slice(&stamp.text);
        self.at += stamp.length;
    }

    /// Appends a whole number.
    #[inline]
    pub(super) fn integer(&mut self, n: u64) {
        if n < 1000 {
            let entry = INTEGERS[n as usize];
            self.buffer[self.at..self.at + 4].copy_from_slice(&entry.to_le_bytes());
            self.at += (entry >> 24) as usize;
        } else {
            self.integer(n / 1000);
            self.text(&TRIPLES[(n % 1000) as usize]);
        }
    }

    /// Appends a whole number in hexadecimal, capitals, as DXF handles are written.
    #[inline]
    pub(super) fn hexadecimal(&mut self, n: u64) {
        let nibbles = (64 - n.leading_zeros()).div_ceil(4).max(1);
        for nibble in (0..nibbles).rev() {
            self.buffer[self.at] = b"0123456789ABCDEF"[(n >> (4 * nibble) & 15) as usize];
            self.at += 1;
        }
    }
}

/// `|x| * scale`, rounded half away from zero.
#[inline]
fn scaled(x: f32, scale: f64) -> u32 {
    (f64::from(x.abs()) * scale + 0.5) as u32
}

/// Point and four digits, the point in the lowest byte, and their number.
#[inline]
fn four_decimals(first: u32, second: u32) -> (u64, u32) {
    let first = u64::from(HUNDREDTHS[first as usize] & 0xFF_FFFF);
    let second = u64::from(HUNDREDTHS[second as usize] & 0xFF_FFFF) >> 8;
    (first | second << 24, 5)
}

/// Room for what is the same for every point.
const STAMP: usize = 64;

/// Text that is the same for every point, padded.
#[derive(Debug)]
pub(super) struct Stamp {
    text: [u8; STAMP],
    length: usize,
}

impl Stamp {
    /// Most bytes that it takes in a buffer.
    pub(super) const LONGEST: usize = STAMP;

    /// A stamp of at most 64 bytes.
    pub(super) fn new(text: &str) -> Self {
        assert!(text.len() <= STAMP, "stamps are short");
        let mut padded = [0; STAMP];
        padded[..text.len()].copy_from_slice(text.as_bytes());
        Self {
            text: padded,
            length: text.len(),
        }
    }
}

const fn integers() -> [u32; 1000] {
    let mut table = [0; 1000];
    let mut n = 0;
    while n < 1000 {
        let [a, b, c] = TRIPLES[n];
        table[n] = u32::from_le_bytes(match n {
            0..10 => [c, 0, 0, 1],
            10..100 => [b, c, 0, 2],
            _ => [a, b, c, 3],
        });
        n += 1;
    }
    table
}

const fn triples() -> [[u8; 3]; 1000] {
    let mut table = [[0; 3]; 1000];
    let mut n = 0;
    while n < 1000 {
        table[n] = [
            b'0' + (n / 100) as u8,
            b'0' + (n / 10 % 10) as u8,
            b'0' + (n % 10) as u8,
        ];
        n += 1;
    }
    table
}

const fn hundredths() -> [u32; 100] {
    let mut table = [0; 100];
    let mut n = 0;
    while n < 100 {
        let [_, tenth, hundredth] = TRIPLES[n];
        let length = if n % 10 == 0 { 2 } else { 3 };
        table[n] = u32::from_le_bytes([b'.', tenth, hundredth, length]);
        n += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl Fn(&mut Cursor<'_>)) -> String {
        let mut buffer = [0; 64];
        let mut cursor = Cursor::new(&mut buffer);
        write(&mut cursor);
        let length = cursor.len();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// The slow twin: the standard library's digits of the exactly scaled value.
    fn reference(x: f32, decimals: usize) -> String {
        let scaled = (f64::from(x) * 10_f64.powi(decimals as i32)).round();
        let text = format!("{:.decimals$}", scaled / 10_f64.powi(decimals as i32));
        if scaled == 0.0 {
            text.replace('-', "")
        } else {
            text
        }
    }

    fn trim(text: &str) -> String {
        let text = text.trim_end_matches('0');
        if text.ends_with('.') {
            format!("{text}0")
        } else {
            text.to_owned()
        }
    }

    #[test]
    fn trailing_zeros_go_and_one_digit_stays() {
        for (x, expected) in [
            (8.0, "8.0"),
            (7.5, "7.5"),
            (-47.18, "-47.18"),
            (0.05, "0.05"),
            (-0.0, "0.0"),
            (-0.004, "0.0"),
            (-0.005_1, "-0.01"),
            (100_000.0, "100000.0"),
            (1234.5, "1234.5"),
        ] {
            assert_eq!(written(|c| c.trimmed2(x)), expected);
        }
        assert_eq!(written(|c| c.trimmed4(12.345)), "12.345");
        assert_eq!(written(|c| c.trimmed4(12.0)), "12.0");
        assert_eq!(written(|c| c.trimmed4(12.1)), "12.1");
        assert_eq!(written(|c| c.trimmed4(12.0201)), "12.0201");
    }

    #[test]
    fn whole_numbers_and_handles_are_exact() {
        for n in [0, 9, 10, 99, 100, 999, 1000, 65_535, 4_435_041, u64::MAX] {
            assert_eq!(written(|c| c.integer(n)), n.to_string());
            assert_eq!(written(|c| c.hexadecimal(n)), format!("{n:X}"));
        }
    }

    proptest! {
        #[test]
        fn digits_are_those_of_the_standard_library(x in -200_000.0_f32..400_000.0, small in -1.0_f32..1.0) {
            for x in [x, small] {
                prop_assert_eq!(written(|c| c.fixed4(x)), reference(x, 4));
                for decimals in 1..=6 {
                    prop_assert_eq!(written(|c| c.fixed(x, decimals)), reference(x, decimals as usize));
                }
                prop_assert_eq!(written(|c| c.trimmed2(x)), trim(&reference(x, 2)));
                prop_assert_eq!(written(|c| c.trimmed4(x)), trim(&reference(x, 4)));
            }
        }

        #[test]
        fn grid_coordinates_are_written_as_the_grid_has_them(n in -99_999_i32..=99_999) {
            let x = (f64::from(n) / 100.0) as f32;
            let expected = format!("{}{}.{:02}", if n < 0 { "-" } else { "" }, n.abs() / 100, n.abs() % 100);
            prop_assert_eq!(written(|c| c.trimmed2(x)), trim(&expected));
        }
    }
}
