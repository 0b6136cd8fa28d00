package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clocksCanBeSet says whether there is a clock.
const clocksCanBeSet = true

// clock is the wall clock of a process that runs, which can be set off while the
// machine's goes right. Programs ask the kernel's code that is mapped into each
// process, the vDSO, for the time. That code is replaced in the one process: it
// asks the kernel, and adds what is wanted. So it works with programs in any
// language, libfaketime only with those that call the C library, which those in
// Go do not. Monotonic time, by which Go's timers go, is not touched.
type clock struct {
	memory *os.File
	offset int64 // where in the process the seconds are that are added
}

// openClock returns a clock that goes right. The process is stopped for a moment.
func openClock(pid int) (*clock, error) {
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	c := &clock{memory: memory}
	if err := c.install(pid); err != nil {
		c.close()
		return nil, fmt.Errorf("clock of process %d: %w", pid, err)
	}
	return c, nil
}

func (c *clock) close() { c.memory.Close() }

// set sets the clock off, to the second.
func (c *clock) set(off time.Duration) error {
	_, err := c.memory.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(int64(off/time.Second))), c.offset)
	return err
}

// install replaces the code, at a moment at which no thread is in it.
func (c *clock) install(pid int) error {
	start, end, err := vdso(pid)
	if err != nil {
		return err
	}
	image := make([]byte, end-start)
	if _, err := c.memory.ReadAt(image, start); err != nil {
		return fmt.Errorf("read the vDSO: %w", err)
	}
	patches, offset, err := plan(image)
	if err != nil {
		return err
	}
	c.offset = start + offset
	for range 100 {
		thaw, err := freeze(pid)
		if err != nil {
			return err
		}
		busy, err := anyWithin(pid, start, end)
		if err == nil && !busy {
			for at, code := range patches {
				if _, err = c.memory.WriteAt(code, start+at); err != nil {
					break
				}
			}
		}
		thaw()
		if err != nil || !busy {
			return err
		}
	}
	return errors.New("some thread always asks for the time")
}

// vdso is where it is in a process.
func vdso(pid int) (start, end int64, err error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(maps)) {
		if strings.HasSuffix(line, "[vdso]\n") {
			_, err := fmt.Sscanf(line, "%x-%x", &start, &end)
			return start, end, err
		}
	}
	return 0, 0, errors.New("there is no vDSO")
}

// plan returns the code that is to be written, by where in the vDSO that is, and
// where the seconds are.
func plan(image []byte) (patches map[int64][]byte, offset int64, err error) {
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return nil, 0, fmt.Errorf("vDSO: %w", err)
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return nil, 0, fmt.Errorf("vDSO: %w", err)
	}
	found := make(map[string]elf.Symbol)
	for _, s := range symbols {
		found[s.Name] = s
	}
	// The seconds are behind the code of the first, which has the most room.
	first := found["__vdso_clock_gettime"]
	offset = (int64(first.Value) + int64(len(clockGettime)) + 7) &^ 7
	patches = map[int64][]byte{offset: make([]byte, 8)}
	for name, code := range map[string][]byte{
		"__vdso_clock_gettime": clockGettime,
		"__vdso_gettimeofday":  gettimeofday,
		"__vdso_time":          timeSeconds,
	} {
		s, need := found[name], len(code)
		if name == first.Name {
			need += 16
		}
		if s.Size < uint64(need) {
			return nil, 0, fmt.Errorf("%s of the vDSO has %d bytes, and %d are needed", name, s.Size, need)
		}
		// The load of the seconds is relative to the instruction behind it.
		load := bytes.Index(code, loadSeconds)
		next := int64(s.Value) + int64(load+len(loadSeconds)) + 4
		code = bytes.Clone(code)
		binary.LittleEndian.PutUint32(code[load+len(loadSeconds):], uint32(int32(offset-next)))
		patches[int64(s.Value)] = code
	}
	return patches, offset, nil
}

// loadSeconds begins "mov seconds(%rip), %rcx"; four bytes follow.
var loadSeconds = []byte{0x48, 0x8b, 0x0d}

// int clock_gettime(clockid_t, struct timespec *)
var clockGettime = []byte{
	0xb8, 228, 0, 0, 0, // mov $SYS_clock_gettime, %eax
	0x0f, 0x05, // syscall
	0x85, 0xc0, // test %eax, %eax
	0x75, 19, // jne end
	0x85, 0xff, // test %edi, %edi: CLOCK_REALTIME
	0x74, 5, // je add
	0x83, 0xff, 5, // cmp $CLOCK_REALTIME_COARSE, %edi
	0x75, 10, // jne end
	0x48, 0x8b, 0x0d, 0, 0, 0, 0, // add: mov seconds(%rip), %rcx
	0x48, 0x01, 0x0e, // add %rcx, (%rsi)
	0xc3, // end: ret
}

// int gettimeofday(struct timeval *, struct timezone *)
var gettimeofday = []byte{
	0xb8, 96, 0, 0, 0, // mov $SYS_gettimeofday, %eax
	0x0f, 0x05, // syscall
	0x85, 0xc0, // test %eax, %eax
	0x75, 15, // jne end
	0x48, 0x85, 0xff, // test %rdi, %rdi
	0x74, 10, // je end
	0x48, 0x8b, 0x0d, 0, 0, 0, 0, // mov seconds(%rip), %rcx
	0x48, 0x01, 0x0f, // add %rcx, (%rdi)
	0xc3, // end: ret
}

// time_t time(time_t *)
var timeSeconds = []byte{
	0x57,       // push %rdi
	0x31, 0xff, // xor %edi, %edi
	0xb8, 201, 0, 0, 0, // mov $SYS_time, %eax
	0x0f, 0x05, // syscall
	0x5f,                         // pop %rdi
	0x48, 0x8b, 0x0d, 0, 0, 0, 0, // mov seconds(%rip), %rcx
	0x48, 0x01, 0xc8, // add %rcx, %rax
	0x48, 0x85, 0xff, // test %rdi, %rdi
	0x74, 3, // je end
	0x48, 0x89, 0x07, // mov %rax, (%rdi)
	0xc3, // end: ret
}

// anyWithin says whether a thread of a stopped process is between two addresses.
func anyWithin(pid int, start, end int64) (bool, error) {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return false, err
	}
	for _, thread := range threads {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/syscall", pid, thread.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, err
		}
		// proc(5): the program counter is the last of the fields.
		fields := strings.Fields(string(text))
		counter, err := strconv.ParseUint(fields[len(fields)-1], 0, 64)
		if err != nil {
			return true, nil // "running": it has not stopped yet
		}
		if int64(counter) >= start && int64(counter) < end {
			return true, nil
		}
	}
	return false, nil
}
