//! The user's own blanks and machines: where they stand.

use std::path::PathBuf;

/// `$XDG_DATA_HOME/glyptic/KIND`, or `~/.local/share/glyptic/KIND`.
///
/// As the XDG Base Directory specification has it, a relative path there is ignored.
pub(crate) fn user_folder(kind: &str) -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let data = absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local").join("share")))?;
    Some(data.join("glyptic").join(kind))
}
