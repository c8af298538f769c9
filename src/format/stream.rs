//! Points to bytes in parallel: chunks are formatted by all threads while the chunks before them
//! are written in order.
//!
//! Two batches of chunks exist at any time, one being formatted and one being written, so memory
//! does not grow with the cloud, and hashing or a slow disk costs nothing until it is slower than
//! all formatting threads together. The bytes do not depend on the number of threads.

use std::io::{self, Write};
use std::ops::Range;

use rayon::prelude::*;

use super::digits::Cursor;
use crate::cloud::Cloud;

/// Points of a chunk. Some 400 kB of DXF: it stays in a core's cache until it is written.
const CHUNK: usize = 8192;

/// Chunks of a batch, at most: two batches of DXF are then 30 MB on a machine of any size.
const MOST_CHUNKS: usize = 32;

/// A chunk's bytes; the buffer keeps its length, so that it is cleared only once.
#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    used: usize,
}

/// Formats points `0..points` chunk by chunk and writes the chunks in order.
///
/// `format` pushes the points of a range, at most `longest` bytes each.
pub(super) fn write_points<F>(
    points: usize,
    longest: usize,
    out: &mut dyn Write,
    format: F,
) -> io::Result<()>
where
    F: Fn(Range<usize>, &mut Cursor<'_>) + Sync,
{
    let chunks = points.div_ceil(CHUNK);
    let width = (4 * rayon::current_num_threads())
        .min(MOST_CHUNKS)
        .min(chunks.max(1));
    let fill = |first: usize, batch: &mut Vec<Chunk>| {
        batch.resize_with(width.min(chunks.saturating_sub(first)), Chunk::default);
        batch.par_iter_mut().enumerate().for_each(|(i, chunk)| {
            let start = (first + i) * CHUNK;
            let range = start..(start + CHUNK).min(points);
            if chunk.bytes.len() < range.len() * longest {
                // Not `resize`, which would touch pages that no point ever needs.
                chunk.bytes = vec![0; range.len() * longest];
            }
            let mut cursor = Cursor::new(&mut chunk.bytes);
            format(range, &mut cursor);
            chunk.used = cursor.len();
        });
    };
    let (mut ready, mut next) = (Vec::new(), Vec::new());
    fill(0, &mut ready);
    let mut first = width;
    while !ready.is_empty() {
        rayon::in_place_scope(|scope| {
            scope.spawn(|_| fill(first, &mut next));
            ready
                .iter()
                .try_for_each(|chunk| out.write_all(&chunk.bytes[..chunk.used]))
        })?;
        std::mem::swap(&mut ready, &mut next);
        first += width;
    }
    Ok(())
}

/// Writes x, y, z of each point as 12 bytes.
pub(super) fn write_floats(
    cloud: &Cloud,
    out: &mut dyn Write,
    bytes: impl Fn(f32) -> [u8; 4],
) -> io::Result<()> {
    write_records(cloud, out, |[x, y, z]| {
        let mut record = [0; 12];
        record[..4].copy_from_slice(&bytes(x));
        record[4..8].copy_from_slice(&bytes(y));
        record[8..].copy_from_slice(&bytes(z));
        record
    })
}

/// Writes each point as `N` bytes, on the calling thread alone: this is as fast as copying, and
/// handing chunks over costs more than it saves.
pub(super) fn write_records<const N: usize>(
    cloud: &Cloud,
    out: &mut dyn Write,
    record: impl Fn([f32; 3]) -> [u8; N],
) -> io::Result<()> {
    // 800 kB of PLY a write: with a tenth of it, the calls into the system take as long as the bytes.
    const CHUNK: usize = 65_536;
    let points = cloud.len();
    let mut buffer = vec![0; N * CHUNK.min(points)];
    for start in (0..points).step_by(CHUNK) {
        let range = start..(start + CHUNK).min(points);
        let used = N * range.len();
        let (places, _) = buffer[..used].as_chunks_mut::<N>();
        for (place, point) in places.iter_mut().zip(points_in(cloud, range)) {
            *place = record(point);
        }
        out.write_all(&buffer[..used])?;
    }
    Ok(())
}

/// The points of a range, without a bounds check for each.
pub(super) fn points_in(cloud: &Cloud, range: Range<usize>) -> impl Iterator<Item = [f32; 3]> + '_ {
    let x = &cloud.x_mm()[range.clone()];
    let y = &cloud.y_mm()[range.clone()];
    let z = &cloud.z_mm()[range];
    x.iter().zip(y).zip(z).map(|((&x, &y), &z)| [x, y, z])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count_up(points: usize, threads: usize) -> Vec<u8> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let mut out = Vec::new();
        pool.install(|| {
            write_points(points, 24, &mut out, |range, cursor| {
                for i in range {
                    cursor.integer(i as u64);
                    cursor.text(b"\n");
                }
            })
        })
        .unwrap();
        out
    }

    #[test]
    fn chunks_land_in_order_on_any_number_of_threads() {
        for points in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 9 * CHUNK + 5] {
            let expected: String = (0..points).map(|i| format!("{i}\n")).collect();
            for threads in [1, 2, 5] {
                assert_eq!(count_up(points, threads), expected.as_bytes());
            }
        }
    }

    #[test]
    fn a_full_disk_ends_the_work() {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self
                    .0
                    .checked_sub(bytes.len())
                    .ok_or(io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let result = write_points(50 * CHUNK, 2, &mut Full(3 * CHUNK), |range, cursor| {
            range.for_each(|_| cursor.text(b"x"));
        });
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
