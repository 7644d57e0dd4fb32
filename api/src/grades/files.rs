//! Files of freezes and runs: written once, in compressed pieces, hashed on the way.

use std::io::{self, Read as _, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use sha2::{Digest as _, Sha256};
use store::ConnectionTrait;
use uuid::Uuid;

use crate::problem::Problem;

/// Bytes of one piece before compression.
const PIECE: usize = 1 << 20;

/// A file in pieces.
#[derive(Default)]
pub struct Pieces {
    open: Vec<u8>,
    done: Vec<Vec<u8>>,
    sha: Sha256,
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pieces({})", self.done.len())
    }
}

/// A whole file: its pieces and its SHA-256.
#[derive(Debug)]
pub struct Written {
    /// Compressed pieces.
    pub pieces: Vec<Vec<u8>>,
    /// SHA-256 of the plain bytes.
    pub sha256: [u8; 32],
}

impl Pieces {
    fn press(&mut self) -> io::Result<()> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.open)?;
        self.done.push(encoder.finish()?);
        self.open.clear();
        Ok(())
    }

    /// Ends the file.
    pub fn finish(mut self) -> io::Result<Written> {
        if !self.open.is_empty() {
            self.press()?;
        }
        Ok(Written {
            pieces: self.done,
            sha256: self.sha.finalize().into(),
        })
    }

    /// The pieces of bytes that are there as a whole.
    pub fn of(bytes: &[u8]) -> io::Result<Written> {
        let mut pieces = Self::default();
        pieces.write_all(bytes)?;
        pieces.finish()
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (now, _) = bytes.split_at(bytes.len().min(PIECE - self.open.len()));
        self.sha.update(now);
        self.open.extend_from_slice(now);
        if self.open.len() == PIECE {
            self.press()?;
        }
        Ok(now.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a file under its owner.
pub async fn put(db: &impl ConnectionTrait, owner: Uuid, written: Written) -> Result<(), Problem> {
    for (number, piece) in (0..).zip(written.pieces) {
        store::grading::put_piece(db, owner, number, piece).await?;
    }
    Ok(())
}

/// Reads a file; its digest must be the one on record.
pub async fn read(
    db: &impl ConnectionTrait,
    owner: Uuid,
    sha256: &[u8; 32],
) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    for number in 0.. {
        let Some(piece) = store::grading::piece(db, owner, number).await? else {
            break;
        };
        DeflateDecoder::new(piece.as_slice())
            .read_to_end(&mut bytes)
            .map_err(Problem::internal)?;
    }
    let found: [u8; 32] = Sha256::digest(&bytes).into();
    if &found == sha256 {
        Ok(bytes)
    } else {
        Err(Problem::internal(
            "a file of grading is not what was written",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_give_the_bytes_back() {
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
        let written = Pieces::of(&bytes).expect("written");
        assert!(written.pieces.len() > 1);
        let mut back = Vec::new();
        for piece in &written.pieces {
            DeflateDecoder::new(piece.as_slice())
                .read_to_end(&mut back)
                .expect("read");
        }
        assert_eq!(back, bytes);
        assert_eq!(written.sha256, <[u8; 32]>::from(Sha256::digest(&bytes)));
    }
}
