//! Vector instructions of x86-64 as bytes: of 512 bits by EVEX prefixes, of 256 by VEX prefixes (Intel's manual, volume 2, chapter 2).
//!
//! ```text
//! 512: 62 │ R X B R' 0 map │ W vvvv 1 prefix │ z L'L b V' mask │ opcode │ ModRM, displacement │ number
//! 256: C4 │ R X B map      │ W vvvv L prefix │                   opcode │ ModRM, displacement │ number
//! ```

#[cfg(test)]
mod tests;

use crate::lane_kernel::storage::Block;

/// How wide vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Bits256,
    Bits512,
}

impl Width {
    /// The widest of this machine that code can be made for.
    pub(super) fn of_this_machine() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                return Some(Self::Bits512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Some(Self::Bits256);
            }
        }
        None
    }

    /// How many lanes a vector has.
    pub(super) const fn lanes(self) -> usize {
        match self {
            Self::Bits256 => 8,
            Self::Bits512 => 16,
        }
    }

    /// How many vector registers there are.
    pub(super) const fn registers(self) -> u32 {
        match self {
            Self::Bits256 => 16,
            Self::Bits512 => 32,
        }
    }
}

/// What an instruction does: the first bytes of it, where all registers are the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opcode {
    head_256: u64,
    head_512: u64,
}

impl Opcode {
    /// By the map that the opcode is in, the prefix that is a part of it (1 stands for 66), and the last byte of it.
    const fn new(map: u8, prefix: u8, byte: u8) -> Self {
        // Bits that say which register stand the other way round in prefixes.
        let head_256 = [0xc4, 0xe0 | map, 0x7c | prefix, byte, 0, 0, 0, 0];
        let head_512 = [0x62, 0xf0 | map, 0x7c | prefix, 0x48, byte, 0, 0, 0];
        Self {
            head_256: u64::from_le_bytes(head_256),
            head_512: u64::from_le_bytes(head_512),
        }
    }

    const fn head(self, width: Width) -> u64 {
        match width {
            Width::Bits256 => self.head_256,
            Width::Bits512 => self.head_512,
        }
    }

    pub(super) const LOAD: Self = Self::new(1, 0, 0x10);
    pub(super) const STORE: Self = Self::new(1, 0, 0x11);
    /// From register to register.
    pub(super) const MOVE: Self = Self::new(1, 0, 0x28);
    pub(super) const SQRT: Self = Self::new(1, 0, 0x51);
    pub(super) const AND: Self = Self::new(1, 0, 0x54);
    pub(super) const OR: Self = Self::new(1, 0, 0x56);
    pub(super) const XOR: Self = Self::new(1, 0, 0x57);
    pub(super) const ADD: Self = Self::new(1, 0, 0x58);
    pub(super) const MUL: Self = Self::new(1, 0, 0x59);
    /// From integers.
    pub(super) const CONVERT: Self = Self::new(1, 0, 0x5b);
    pub(super) const SUB: Self = Self::new(1, 0, 0x5c);
    /// The second operand where that is not greater, or one of them is NaN.
    pub(super) const MIN: Self = Self::new(1, 0, 0x5d);
    pub(super) const DIV: Self = Self::new(1, 0, 0x5e);
    /// The second operand where that is not less, or one of them is NaN.
    pub(super) const MAX: Self = Self::new(1, 0, 0x5f);
    /// A number says how. Of 512 bits the result is a mask.
    pub(super) const COMPARE: Self = Self::new(1, 0, 0xc2);
    /// A number says how far. The result is where the first operand is otherwise.
    pub(super) const SHIFT: Self = Self::new(1, 1, 0x72);
    pub(super) const INTEGER_SUB: Self = Self::new(1, 1, 0xfa);
    pub(super) const INTEGER_ADD: Self = Self::new(1, 1, 0xfe);
    /// The second operand where a mask is, else the first: of 512 bits.
    pub(super) const MASKED_BLEND: Self = Self::new(2, 1, 0x65);
    /// Adds the product of its operands to its result.
    pub(super) const MULTIPLY_ADD: Self = Self::new(2, 1, 0xb8);
    /// A number says how.
    pub(super) const ROUND: Self = Self::new(3, 1, 0x08);
    /// The second operand where the sign is set in the register that the number is four bits of, else the first: of 256 bits.
    pub(super) const BLEND: Self = Self::new(3, 1, 0x4a);
}

/// A general register that addresses begin with. None of those that would need a byte more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Base(u8);

impl Base {
    /// Where the frame is.
    pub(super) const FRAME: Self = Self(RCX);
    /// Where constants are.
    pub(super) const CONSTANTS: Self = Self(RDX);
    /// Where streams are.
    pub(super) const STREAMS: [Self; 4] = [Self(9), Self(10), Self(11), Self(RAX)];

    /// The address of an element, where elements are as far apart as the widest vectors are wide.
    ///
    /// # Panics
    /// If it is too far away.
    pub(super) fn element(self, index: usize) -> Address {
        match i32::try_from(index * size_of::<Block>()) {
            Ok(displacement) => Address {
                base: self,
                displacement,
            },
            Err(_) => panic!("code over lanes has fewer than 2²⁵ elements"),
        }
    }
}

const RAX: u8 = 0;
const RCX: u8 = 1;
const RDX: u8 = 2;

/// An address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) base: Base,
    pub(super) displacement: i32,
}

/// Where an operand is: in a register or in memory. It is one number, as it is passed on so often: what is written in parts and loaded as
/// a whole at once has to wait until all of these are in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operand(u64);

impl Operand {
    /// Whether it is in memory. Below is the displacement, above the number of a register.
    const IN_MEMORY: u64 = 1 << u32::BITS;
    const NUMBER: u32 = u32::BITS + 1;
    /// Whether it is no operand, but stands for one.
    const IS_RESULT: u64 = 1 << 63;

    pub(super) const fn register(register: u8) -> Self {
        Self((register as u64) << Self::NUMBER)
    }

    pub(super) const fn memory(address: Address) -> Self {
        let Address { base, displacement } = address;
        let displacement = displacement.cast_unsigned() as u64;
        Self((base.0 as u64) << Self::NUMBER | Self::IN_MEMORY | displacement)
    }

    pub(super) const fn is_in_memory(self) -> bool {
        self.0 & Self::IN_MEMORY != 0
    }

    /// Its register, or that which its address begins with.
    const fn number(self) -> u8 {
        (self.0 >> Self::NUMBER) as u8
    }

    const fn displacement(self) -> i32 {
        (self.0 as u32).cast_signed()
    }

    /// The register that it is in, if it is in one.
    pub(super) fn in_register(self) -> Option<u8> {
        (!self.is_in_memory()).then(|| self.number())
    }

    /// What stands for the result of an operation, where there is no code yet.
    pub(super) const fn result(operation: u16) -> Self {
        Self(Self::IS_RESULT | operation as u64)
    }

    /// The operation whose result it stands for, if it does.
    pub(super) fn as_result(self) -> Option<u16> {
        (self.0 & Self::IS_RESULT != 0).then_some(self.0 as u16)
    }
}

/// Machine code in the making. There is always room for one instruction more, so that adding one is a few moves.
#[derive(Clone, Debug)]
pub(super) struct Bytes {
    bytes: Vec<u8>,
    length: usize,
}

impl Bytes {
    /// More than any instruction has, and as many as are moved at a time.
    const ROOM: usize = 16;

    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; Self::ROOM],
            length: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.length
    }

    pub(super) const fn clear(&mut self) {
        self.length = 0;
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Adds the first so many bytes of a head and of a displacement, and a number. Each is moved as a whole: a load of what was just
    /// written in parts has to wait until all of these are in the cache.
    #[inline(always)]
    fn push(
        &mut self,
        (head, head_length): (u64, usize),
        (displacement, displacement_length): (i32, usize),
        number: Option<u8>,
    ) {
        let end = self.length + head_length + displacement_length;
        let room = &mut self.bytes[self.length..][..Self::ROOM];
        room[..8].copy_from_slice(&head.to_le_bytes());
        room[head_length..][..4].copy_from_slice(&displacement.to_le_bytes());
        room[head_length + displacement_length] = number.unwrap_or(0);
        self.length = end + usize::from(number.is_some());
        if self.length + Self::ROOM > self.bytes.len() {
            self.bytes.resize(2 * self.bytes.len(), 0);
        }
    }

    /// Adds all of these.
    #[inline(always)]
    fn add<const LENGTH: usize>(&mut self, instruction: [u8; LENGTH]) {
        let mut all = [0; 8];
        all[..LENGTH].copy_from_slice(&instruction);
        self.push((u64::from_le_bytes(all), LENGTH), (0, 0), None);
    }
}

/// A vector instruction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vector {
    pub(super) opcode: Opcode,
    /// What is written, or what is stored.
    pub(super) register: u8,
    /// The first operand; 0 if there is one only.
    pub(super) first: u8,
    pub(super) second: Operand,
    /// The mask register, of 512 bits; 0 is none.
    pub(super) mask: u8,
    pub(super) number: Option<u8>,
}

impl Vector {
    /// One without a mask and a number.
    pub(super) const fn new(opcode: Opcode, register: u8, first: u8, second: Operand) -> Self {
        Self {
            opcode,
            register,
            first,
            second,
            mask: 0,
            number: None,
        }
    }
}

/// What the numbers of registers change in the first bytes of an instruction.
struct Fields {
    /// How many these bytes are, of which the last says what kind of operands there are.
    length: usize,
    /// What is written, the first operand, and the second or what its address begins with.
    registers: [u64; 32],
    firsts: [u64; 32],
    operands: [u64; 32],
}

impl Fields {
    const OF_256: Self = Self::new(
        5,
        [(0, 4, 3), (3, 1, 7), (4, 0, 0)],
        0,
        [(3, 1, 5), (4, 0, 0)],
    );
    const OF_512: Self = Self::new(
        6,
        [(0, 5, 3), (3, 1, 7), (4, 1, 4)],
        3,
        [(3, 1, 5), (4, 1, 6)],
    );

    /// By where bits of numbers are: from which bit on, to which byte, and from which bit of that on. The first three bits of a register
    /// and of the second operand are together, and the first four of the first operand. Byte 0 is for what there is not.
    const fn new(
        length: usize,
        register: [(u32, u32, u32); 3],
        first_byte: u32,
        operand: [(u32, u32, u32); 2],
    ) -> Self {
        let mut fields = Self {
            length,
            registers: [0; 32],
            firsts: [0; 32],
            operands: [0; 32],
        };
        let mut number = 0;
        while number < 32 {
            let [low, fourth, fifth] = register;
            fields.registers[number] =
                bits(number, 3, low) | bits(number, 1, fourth) | bits(number, 1, fifth);
            fields.firsts[number] =
                bits(number, 4, (0, 2, 3)) | bits(number, 1, (4, first_byte, 3));
            let [fourth, fifth] = operand;
            let low = (0, length as u32 - 1, 0);
            fields.operands[number] =
                bits(number, 3, low) | bits(number, 1, fourth) | bits(number, 1, fifth);
            number += 1;
        }
        fields
    }

    const fn of(width: Width) -> &'static Self {
        match width {
            Width::Bits256 => &Self::OF_256,
            Width::Bits512 => &Self::OF_512,
        }
    }
}

/// So many bits of a number in their place.
const fn bits(number: usize, count: u32, (from, byte, to): (u32, u32, u32)) -> u64 {
    if byte == 0 {
        return 0;
    }
    let taken = number as u64 >> from & ((1 << count) - 1);
    taken << (8 * byte + to)
}

/// Adds a vector instruction.
#[inline(always)]
pub(super) fn encode(width: Width, vector: &Vector, bytes: &mut Bytes) {
    let Vector {
        opcode,
        register,
        first,
        second,
        mask,
        number,
    } = *vector;
    // A displacement of one byte counts vectors where these have 512 bits.
    let unit_bits = match width {
        Width::Bits512 => 6,
        Width::Bits256 => 0,
    };
    let (mode, displacement) = if second.is_in_memory() {
        let displacement = second.displacement();
        let short = displacement >> unit_bits;
        if short << unit_bits == displacement && i8::try_from(short).is_ok() {
            (0b01, (short, 1))
        } else {
            (0b10, (displacement, 4))
        }
    } else {
        (0b11, (0, 0))
    };
    let fields = Fields::of(width);
    let place = |number: u8| usize::from(number) & 31;
    let head = opcode.head(width)
        ^ fields.registers[place(register)]
        ^ fields.firsts[place(first)]
        ^ fields.operands[place(second.number())]
        ^ mode << (8 * fields.length - 2)
        ^ u64::from(mask) << 24;
    bytes.push((head, fields.length), displacement, number);
}

/// Adds an instruction that has all caches but the nearest fetch what is at an address.
pub(super) fn fetch(Address { base, displacement }: Address, bytes: &mut Bytes) {
    let [a, b, c, d] = displacement.to_le_bytes();
    // prefetcht1 [base + displacement]
    bytes.add([
        0x40 | base.0 >> 3,
        0x0f,
        0x18,
        0b10 << 6 | 2 << 3 | base.0 & 7,
        a,
        b,
        c,
        d,
    ]);
}

/// Has the vector instruction that begins at `start`, whose result is in a register, write to another.
pub(super) fn retarget(width: Width, bytes: &mut Bytes, start: usize, [before, after]: [u8; 2]) {
    let registers = &Fields::of(width).registers;
    let place = |number: u8| usize::from(number) & 31;
    let change = registers[place(before)] ^ registers[place(after)];
    let head = &mut bytes.bytes[start..][..8];
    for (byte, change) in head.iter_mut().zip(change.to_le_bytes()) {
        *byte ^= change;
    }
}

/// Instructions of a loop over steps, which begins with the addresses of streams at `rdi`, how far each moves on at `rsi`, constants at `rdx`,
/// the frame at `rcx` and the number of steps in `r8`.
pub(super) mod steps {
    use super::{Base, Bytes};

    /// The parts of an instruction that say which register it works on.
    const fn register(base: Base) -> (u8, u8) {
        (0x48 | base.0 >> 3 << 2, (base.0 & 7) << 3)
    }

    /// Adds the loads of so many streams' addresses.
    pub(in super::super) fn load_addresses(streams: usize, bytes: &mut Bytes) {
        for (&base, index) in Base::STREAMS.iter().zip(0..streams) {
            // mov base, [rdi + 8 · index]
            let (prefix, register) = register(base);
            bytes.add([prefix, 0x8b, 0x47 | register, 8 * index as u8]);
        }
    }

    /// Adds the end of a turn of the loop that began at `start`.
    pub(in super::super) fn repeat(streams: usize, start: usize, bytes: &mut Bytes) {
        for (&base, index) in Base::STREAMS.iter().zip(0..streams) {
            // add base, [rsi + 8 · index]
            let (prefix, register) = register(base);
            bytes.add([prefix, 0x03, 0x46 | register, 8 * index as u8]);
        }
        // dec r8
        bytes.add([0x49, 0xff, 0xc8]);
        // jnz
        let end = bytes.len() + 2 + size_of::<i32>();
        let [a, b, c, d] = (start as i32 - end as i32).to_le_bytes();
        bytes.add([0x0f, 0x85, a, b, c, d]);
    }

    /// Adds the return. What is in the upper parts of vectors would make instructions of the old encoding slow.
    pub(in super::super) fn leave(bytes: &mut Bytes) {
        // vzeroupper; ret
        bytes.add([0xc5, 0xf8, 0x77, 0xc3]);
    }
}
