package io.morsel.bench.image;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A large executable that needs all of itself: when it is started, the kernel maps it, and its few
 * instructions touch each page and add up the numbers at their beginnings. It prints a line and
 * ends with 0 if the sum is right, and with 1 if not.
 *
 * <p>A real program of this size reads an unknown part of itself, and links with libraries whose
 * loading is then measured too. This one faults in exactly its pages, by {@code mmap} as every
 * program does, on an image without a C library.
 */
final class PageReader {
  private static final int PAGE = Content.PAGE_BYTES;
  private static final long CODE_ADDRESS = 0x400000;
  private static final long DATA_ADDRESS = 0x10000000;
  private static final int ELF_HEADER = 64;
  private static final int PROGRAM_HEADER = 56;
  private static final int CODE_OFFSET = ELF_HEADER + 2 * PROGRAM_HEADER;

  /** Where the message lies in the first page, behind all code. */
  private static final int MESSAGE_OFFSET = 512;

  private static final short MACHINE_AMD64 = 62;
  private static final short MACHINE_ARM64 = 183;

  private final Architecture architecture;
  private final long pages;

  /** An executable with this many pages of data. */
  PageReader(Architecture architecture, long pages) {
    this.architecture = architecture;
    this.pages = pages;
  }

  /** What it prints. */
  static String output(long pages) {
    return "touched " + pages + " pages";
  }

  /** Its size. */
  long sizeBytes() {
    return (1 + pages) * PAGE;
  }

  /** Writes all of it. */
  void writeTo(long seed, OutputStream out) throws IOException {
    out.write(firstPage());
    Content.numberedPages(seed, pages, out);
  }

  private byte[] firstPage() {
    ByteBuffer page = ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
    byte[] message = (output(pages) + "\n").getBytes(StandardCharsets.US_ASCII);
    elfHeader(page);
    programHeader(page, 5 /* read, execute */, 0, CODE_ADDRESS, PAGE);
    programHeader(page, 4 /* read */, PAGE, DATA_ADDRESS, pages * PAGE);
    switch (architecture) {
      case AMD64 -> amd64(page, message.length);
      case ARM64 -> arm64(page, message.length);
    }
    page.put(MESSAGE_OFFSET, message);
    return page.array();
  }

  private void elfHeader(ByteBuffer page) {
    page.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    page.putShort((short) 2); // ET_EXEC
    page.putShort(architecture == Architecture.AMD64 ? MACHINE_AMD64 : MACHINE_ARM64);
    page.putInt(1);
    page.putLong(CODE_ADDRESS + CODE_OFFSET).putLong(ELF_HEADER).putLong(0).putInt(0);
    page.putShort((short) ELF_HEADER).putShort((short) PROGRAM_HEADER).putShort((short) 2);
    page.putShort((short) 0).putShort((short) 0).putShort((short) 0);
  }

  private static void programHeader(
      ByteBuffer page, int flags, long offset, long address, long sizeBytes) {
    page.putInt(1 /* PT_LOAD */).putInt(flags).putLong(offset).putLong(address).putLong(address);
    page.putLong(sizeBytes).putLong(sizeBytes).putLong(PAGE);
  }

  private long sum() {
    return pages * (pages + 1) / 2;
  }

  private void amd64(ByteBuffer page, int messageBytes) {
    bytes(page, 0x48, 0xbe).putLong(DATA_ADDRESS); // mov rsi, data
    bytes(page, 0x48, 0xb9).putLong(pages); // mov rcx, pages
    bytes(page, 0x48, 0xbb).putLong(sum()); // mov rbx, sum
    bytes(page, 0x31, 0xc0); // xor eax, eax
    bytes(page, 0x48, 0x03, 0x06); // loop: add rax, [rsi]
    bytes(page, 0x48, 0x81, 0xc6).putInt(PAGE); // add rsi, PAGE
    bytes(page, 0x48, 0xff, 0xc9); // dec rcx
    bytes(page, 0x75, -15); // jnz loop
    bytes(page, 0x48, 0x39, 0xd8); // cmp rax, rbx
    bytes(page, 0x75, 26); // jne wrong
    bytes(page, 0xb8).putInt(1); // mov eax, SYS_write
    bytes(page, 0xbf).putInt(1); // mov edi, 1
    bytes(page, 0xbe).putInt((int) CODE_ADDRESS + MESSAGE_OFFSET); // mov esi, message
    bytes(page, 0xba).putInt(messageBytes); // mov edx, length
    bytes(page, 0x0f, 0x05); // syscall
    bytes(page, 0x31, 0xff); // xor edi, edi
    bytes(page, 0xeb, 5); // jmp exit
    bytes(page, 0xbf).putInt(1); // wrong: mov edi, 1
    bytes(page, 0xb8).putInt(60); // exit: mov eax, SYS_exit
    bytes(page, 0x0f, 0x05); // syscall
  }

  private static ByteBuffer bytes(ByteBuffer page, int... values) {
    for (int value : values) {
      page.put((byte) value);
    }
    return page;
  }

  private void arm64(ByteBuffer page, int messageBytes) {
    int[] code = {
      0x58000001, // ldr x1, data
      0x58000002, // ldr x2, pages
      0x58000003, // ldr x3, sum
      0xd2800000, // mov x0, 0
      0xf9400024, // loop: ldr x4, [x1]
      0x8b040000, // add x0, x0, x4
      0x91400421, // add x1, x1, PAGE
      0xf1000442, // subs x2, x2, 1
      0x54ffff81, // b.ne loop
      0xeb03001f, // cmp x0, x3
      0x54000101, // b.ne wrong
      0xd2800020, // mov x0, 1
      0x58000001, // ldr x1, message
      0x58000002, // ldr x2, length
      0xd2800808, // mov x8, SYS_write
      0xd4000001, // svc 0
      0xd2800000, // mov x0, 0
      0x14000002, // b exit
      0xd2800020, // wrong: mov x0, 1
      0xd2800ba8, // exit: mov x8, SYS_exit
      0xd4000001, // svc 0
      0xd503201f, // nop
    };
    int start = page.position();
    for (int instruction : code) {
      page.putInt(instruction);
    }
    long[] literals = {DATA_ADDRESS, pages, sum(), CODE_ADDRESS + MESSAGE_OFFSET, messageBytes};
    int pool = page.position();
    for (long literal : literals) {
      page.putLong(literal);
    }
    // Which instruction loads which literal: their distance in words goes into bits 5 to 23.
    int[] loads = {0, 1, 2, 12, 13};
    for (int i = 0; i < loads.length; i++) {
      int distance = (pool - start) / 4 + 2 * i - loads[i];
      int at = start + 4 * loads[i];
      page.putInt(at, (page.getInt(at) & 0xff00001f) | (distance << 5));
    }
  }
}
