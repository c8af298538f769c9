//! Text for people: standard output, tables.

use std::io::{self, Write as _};

use glyptic::Error;

use super::failure::Failure;

/// Prints a result. A reader that has seen enough (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Job(Error::Write {
                path: "standard output".into(),
                source,
            }))
        }
        _ => Ok(()),
    }
}

/// Columns of text under their titles, two spaces apart; the last line ends with a newline.
pub(crate) fn table<const N: usize>(titles: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = titles.map(|title| title.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let titles = titles.map(str::to_owned);
    for row in std::iter::once(&titles).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            let padding = width + 2 - cell.chars().count();
            line.extend(std::iter::repeat_n(' ', padding));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_titles() {
        let rows = [
            ["a".to_owned(), "1".to_owned()],
            ["longer".to_owned(), "22".to_owned()],
        ];
        assert_eq!(
            table(["name", "n"], &rows),
            "name    n\na       1\nlonger  22\n"
        );
    }
}
