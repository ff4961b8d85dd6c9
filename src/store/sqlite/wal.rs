//! Whether the write-ahead log beside the database is sound.
//!
//! SQLite reads the log up to the first frame that does not fit, because after a power cut the last
//! transaction may be there by half. It can't tell that from damage in the middle, after which
//! whole transactions follow that were acknowledged: it drops them without a word. But each
//! transaction is synced before the next one begins, so a power cut tears one at most. When more
//! than one of the log's own generation ends after the break, it is damage.
//!
//! The format: <https://www.sqlite.org/fileformat2.html#walformat>.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The last bit says in which order checksums take bytes.
const MAGIC: u32 = 0x377f_0682;

/// What is wrong with the log, if anything.
pub fn check(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // The header is synced before the first frame is written.
    if file.metadata()?.len() <= HEADER as u64 {
        return Ok(None);
    }
    let mut log = BufReader::with_capacity(1 << 16, file);
    let mut header = [0; HEADER];
    log.read_exact(&mut header)?;
    let Some(mut chain) = Chain::begin(&header) else {
        return Ok(Some("the head of its log makes no sense".into()));
    };
    let salts = &header[16..24];
    let mut frame = vec![0; FRAME_HEADER + chain.page_size];
    let (mut number, mut broken_at, mut ended_after) = (0_u64, None, 0);
    while read_all(&mut log, &mut frame)? {
        number += 1;
        let ours = frame[8..16] == *salts;
        if broken_at.is_none() && ours && chain.fits(&frame) {
            continue;
        }
        broken_at.get_or_insert(number);
        // The size of the database, in the last frame of a transaction.
        let ends_transaction = word(&frame, 4) != 0;
        ended_after += u32::from(ours && ends_transaction);
    }
    Ok(match broken_at {
        Some(at) if ended_after > 1 => Some(format!("frame {at} of its log makes no sense")),
        _ => None,
    })
}

/// The checksums, each of which goes on from the one before.
struct Chain {
    page_size: usize,
    big_endian: bool,
    sum: (u32, u32),
}

impl Chain {
    /// None: it is no header of a log.
    fn begin(header: &[u8; HEADER]) -> Option<Self> {
        let magic = word(header, 0);
        let page_size = word(header, 8);
        let possible = page_size.is_power_of_two() && (512..=65536).contains(&page_size);
        if magic & !1 != MAGIC || !possible {
            return None;
        }
        let mut chain = Self {
            page_size: usize::try_from(page_size).ok()?,
            big_endian: magic & 1 == 1,
            sum: (0, 0),
        };
        chain.add(&header[..24]);
        (chain.sum == (word(header, 24), word(header, 28))).then_some(chain)
    }

    fn fits(&mut self, frame: &[u8]) -> bool {
        self.add(&frame[..8]);
        self.add(&frame[FRAME_HEADER..]);
        word(frame, 0) != 0 && self.sum == (word(frame, 16), word(frame, 20))
    }

    fn add(&mut self, bytes: &[u8]) {
        let (mut a, mut b) = self.sum;
        for pair in bytes.chunks_exact(8) {
            let (x, y) = if self.big_endian {
                (word(pair, 0), word(pair, 4))
            } else {
                (word(pair, 0).swap_bytes(), word(pair, 4).swap_bytes())
            };
            a = a.wrapping_add(x).wrapping_add(b);
            b = b.wrapping_add(y).wrapping_add(a);
        }
        self.sum = (a, b);
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_be_bytes(four)
}

/// False: the file ended before.
fn read_all(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
