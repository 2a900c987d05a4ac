//! Texts with their escapes read, and where each byte of them was written.

use std::ops::Range;

/// Longest name or number between `&` and `;`.
const ENTITY_MAX: usize = 10;

/// What HTML calls the signs that are not letters or digits.
const ENTITIES: [(&str, char); 36] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("hat", '^'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("verbar", '|'),
    ("vert", '|'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("nbsp", '\u{a0}'),
];

/// Which escapes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Escapes {
    backslash: bool,
    percent: bool,
    entity: bool,
}

impl Escapes {
    /// Each kind that a text may hold, alone; and all of them, if there are several.
    pub(super) fn within(content: &[u8]) -> Vec<Self> {
        let none = Self { backslash: false, percent: false, entity: false };
        let has = |sign: u8| memchr::memchr(sign, content).is_some();
        let all = Self { backslash: has(b'\\'), percent: has(b'%'), entity: has(b'&') };
        let alone = [
            Self { backslash: all.backslash, ..none },
            Self { percent: all.percent, ..none },
            Self { entity: all.entity, ..none },
            all,
        ];
        let mut kinds: Vec<Self> = alone.into_iter().filter(|kind| *kind != none).collect();
        kinds.dedup();
        kinds
    }

    /// What the escape at the front of `rest` stands for, and its length.
    fn read(self, rest: &[u8]) -> Option<(char, usize)> {
        match rest.first()? {
            b'\\' if self.backslash => backslash(rest),
            b'&' if self.entity => entity(rest),
            _ => None,
        }
    }
}

/// A text with its escapes read.
pub(super) struct Plain {
    content: Vec<u8>,
    /// Where each byte was written, and where the text ends.
    origins: Vec<u32>,
}

impl Plain {
    /// Reads a text; `None` if it has no escapes.
    pub(super) fn read(content: &[u8], escapes: Escapes) -> Option<Self> {
        let mut plain = Self { content: Vec::new(), origins: Vec::new() };
        let (mut at, mut found) = (0, false);
        while let Some(&byte) = content.get(at) {
            let rest = &content[at..];
            let length = if let Some((sign, length)) = escapes.read(rest) {
                plain.push(sign.encode_utf8(&mut [0; 4]).as_bytes(), at);
                length
            } else if let Some(byte) = percent(rest).filter(|_| escapes.percent) {
                plain.push(&[byte], at);
                3
            } else {
                plain.push(&[byte], at);
                1
            };
            found |= length > 1;
            at += length;
        }
        plain.origins.push(u32::try_from(at).ok()?);
        found.then_some(plain)
    }

    fn push(&mut self, bytes: &[u8], at: usize) {
        let origin = u32::try_from(at).unwrap_or(u32::MAX);
        self.origins.extend(bytes.iter().map(|_| origin));
        self.content.extend_from_slice(bytes);
    }

    /// Reads the escapes that come to light when escapes are read.
    pub(super) fn again(&self, escapes: Escapes) -> Option<Self> {
        let mut deeper = Self::read(&self.content, escapes)?;
        for origin in &mut deeper.origins {
            *origin = self.origins[*origin as usize];
        }
        Some(deeper)
    }

    pub(super) fn content(&self) -> &[u8] {
        &self.content
    }

    /// The range of the text as it was written.
    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        self.origins[range.start] as usize..self.origins[range.end] as usize
    }
}

fn percent(rest: &[u8]) -> Option<u8> {
    match rest {
        [b'%', high, low, ..] => u8::try_from(number(&[*high, *low], 16)?).ok(),
        _ => None,
    }
}

/// As JSON and JavaScript write it.
fn backslash(rest: &[u8]) -> Option<(char, usize)> {
    let sign = match *rest.get(1)? {
        b'u' => return unicode(rest),
        b'x' => return Some((char::from_u32(number(rest.get(2..4)?, 16)?)?, 4)),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        sign @ (b'/' | b'\\' | b'"' | b'\'') => char::from(sign),
        _ => return None,
    };
    Some((sign, 2))
}

/// `\u0041`, or a pair of them for what does not fit into one.
fn unicode(rest: &[u8]) -> Option<(char, usize)> {
    let first = number(rest.get(2..6)?, 16)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, 6));
    }
    let second = rest.get(6..12)?.strip_prefix(b"\\u")?;
    let low = number(second, 16)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x10000 + ((first - 0xd800) << 10) + low)?, 12))
}

/// As HTML writes it, by name or number.
fn entity(rest: &[u8]) -> Option<(char, usize)> {
    let rest = &rest[1..rest.len().min(ENTITY_MAX + 2)];
    let name = &rest[..memchr::memchr(b';', rest)?];
    let sign = match name {
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => {
            let named = |(known, _): &&(&str, char)| name.eq_ignore_ascii_case(known.as_bytes());
            ENTITIES.iter().find(named)?.1
        }
    };
    Some((sign, name.len() + 2))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if !digits.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}
