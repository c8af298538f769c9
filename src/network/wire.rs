//! Protocol buffers, read as far as an ONNX file needs: fields of a message, one after the other,
//! borrowed from the file's bytes. Nothing is copied, and no length is believed that goes beyond
//! the bytes that are there.
//!
//! # Source
//!
//! Google, *Protocol Buffers: Encoding*.

/// A message whose bytes do not follow the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// A whole number.
    Whole(u64),
    /// Four bytes.
    Four([u8; 4]),
    /// Eight bytes.
    Eight([u8; 8]),
    /// Text, a message, or packed numbers.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The bytes of text, of a message or of packed numbers; none for a number.
    pub(super) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// A whole number; 0 for anything else.
    pub(super) fn whole(self) -> i64 {
        match self {
            Self::Whole(number) => number.cast_signed(),
            _ => 0,
        }
    }

    /// The text, with odd bytes replaced.
    pub(super) fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// Whole numbers, packed or single.
    pub(super) fn wholes(self) -> Result<Vec<i64>, Broken> {
        let Self::Bytes(mut bytes) = self else {
            return Ok(vec![self.whole()]);
        };
        let mut numbers = Vec::new();
        while !bytes.is_empty() {
            numbers.push(varint(&mut bytes)?.cast_signed());
        }
        Ok(numbers)
    }
}

/// The fields of a message: number and value.
pub(super) fn fields(message: &[u8]) -> Fields<'_> {
    Fields { rest: message }
}

/// An iterator over the fields of a message; ends after the first that is broken.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = field(&mut self.rest);
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<(u64, Value<'a>), Broken> {
    let key = varint(rest)?;
    let value = match key & 7 {
        0 => Value::Whole(varint(rest)?),
        1 => Value::Eight(
            *rest
                .split_off(..8)
                .and_then(<[u8]>::as_array)
                .ok_or(Broken)?,
        ),
        2 => {
            let length = usize::try_from(varint(rest)?).map_err(|_| Broken)?;
            Value::Bytes(rest.split_off(..length).ok_or(Broken)?)
        }
        5 => Value::Four(
            *rest
                .split_off(..4)
                .and_then(<[u8]>::as_array)
                .ok_or(Broken)?,
        ),
        _ => return Err(Broken),
    };
    Ok((key >> 3, value))
}

fn varint(rest: &mut &[u8]) -> Result<u64, Broken> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *rest.split_off_first().ok_or(Broken)?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Broken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_of_every_type_are_read() {
        let message = [
            0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1D, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7,
            8,
        ];
        let read: Vec<_> = fields(&message).map(Result::unwrap).collect();
        assert_eq!(read[0], (1, Value::Whole(150)));
        assert_eq!(read[1], (2, Value::Bytes(b"hi")));
        assert_eq!(read[2], (3, Value::Four([1, 2, 3, 4])));
        assert_eq!(read[3], (4, Value::Eight([1, 2, 3, 4, 5, 6, 7, 8])));
        assert_eq!(Value::Bytes(&[1, 0x96, 1]).wholes().unwrap(), [1, 150]);
    }

    #[test]
    fn lengths_beyond_the_end_are_broken() {
        for message in [&[0x12, 9, 1][..], &[0x12], &[0x80; 11], &[0x0D, 1], &[0x0B]] {
            assert_eq!(fields(message).last(), Some(Err(Broken)), "{message:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for (_, value) in fields(&bytes).flatten() {
                let _ = (value.wholes(), value.text());
            }
        }
    }
}
