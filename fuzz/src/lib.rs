//! What every target asks of a reader.

use std::path::Path;

/// Reads bytes as a file of that name: never a panic, and either finite points or one line that
/// names the file.
pub fn read(name: &str, bytes: &[u8]) {
    match glyptic::format::read_bytes(Path::new(name), bytes) {
        Ok(cloud) => {
            assert!(cloud.points().flatten().all(f32::is_finite));
            // The shortest point is `0 0 0` and a newline, or 6 bytes of a PCD or PLY.
            assert!(cloud.len() <= bytes.len());
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.contains(name), "{message}");
            assert!(!message.contains(['\n', '\r']), "{message}");
            assert!(message.len() < 1000, "{message}");
        }
    }
}
