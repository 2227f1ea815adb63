// The template of decoding children: a process that has loaded and prepared libvips and forks
// a child for each picture, so that none pays for a program's start. It runs before Go's
// runtime, which starts threads and can't be forked, has one thread, and sees no byte of a
// picture. package sandbox holds the other end and says what is exchanged (template_linux.go,
// protocol.go).
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	CONTROL = 3, // the socket to the worker, of a template
	SHARED = 3,  // the file in memory, of a child
	FILES = 4,   // stdin, stdout, stderr and SHARED of a child, as they are sent
	FIRST_OTHER = 4,
	OUTPUT_ALIGN = 64 << 10,
	MAX_PARAMS = 64 << 10,
	ERROR_TEXT = 1024,
	MAX_FILTER = 1024,
};

enum { ACCEPTED = 1, DONE, REFUSED, FAILED }; // an answer's states

static struct sock_filter filter[MAX_FILTER];
static size_t filter_len; // instructions

// die ends this process and says why on stderr, which the worker reads.
static void die(const char *what) {
	dprintf(2, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

// get reads n bytes. At the input's end the worker has no use for this child any more.
static void get(void *to, size_t n) {
	for (char *p = to; n > 0;) {
		ssize_t got = read(0, p, n);
		if (got == 0)
			_exit(0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			die("read the request");
		p += got;
		n -= got;
	}
}

static void put(const void *from, size_t n) {
	for (const char *p = from; n > 0;) {
		ssize_t wrote = write(1, p, n);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			die("answer");
		p += wrote;
		n -= wrote;
	}
}

static void answer(uint32_t state, const char *reply) {
	struct { uint32_t state, length; } a = {state, reply != NULL ? strlen(reply) : 0};
	put(&a, sizeof a);
	if (a.length > 0)
		put(reply, a.length);
}

// mapped returns how many bytes of addresses this process has, from where its limit counts.
static rlim_t mapped(void) {
	char text[64] = "";
	int f = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (f < 0 || read(f, text, sizeof text - 1) <= 0)
		die("read the address space's size");
	close(f);
	return (rlim_t)strtoull(text, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void set_limit(int resource, rlim_t value) {
	struct rlimit l = {value, value};
	if (setrlimit(resource, &l) != 0)
		die("set a limit");
}

// limit is limit of package sandbox: nothing can be opened or made any more, and no system
// call be made but those that the worker's filter lets through.
static void limit(uint64_t memory, uint64_t cpu_seconds) {
	set_limit(RLIMIT_AS, mapped() + memory);
	set_limit(RLIMIT_CPU, cpu_seconds);
	set_limit(RLIMIT_FSIZE, 0);
	set_limit(RLIMIT_NOFILE, 0);
	if (filter_len == 0)
		return;
	struct sock_fprog program = {filter_len, filter};
	// A kernel built without filters is accepted: the other limits hold.
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0 && errno != ENOSYS && errno != EINVAL)
		die("filter system calls");
}

static void *map_part(off_t from, uint64_t length, int protection) {
	if (length == 0)
		return NULL;
	void *p = mmap(NULL, length, protection, MAP_SHARED, SHARED, from);
	if (p == MAP_FAILED)
		die("map the shared file");
	return p;
}

// work does the one job of a child and ends it.
static void work(void) {
	struct { uint64_t in, out, memory, cpu_seconds, params; } r;
	get(&r, sizeof r);
	struct { uint32_t format, width, height, beside; uint8_t profile[MAX_PARAMS]; } p;
	const size_t fixed = offsetof(__typeof__(p), profile);
	if (r.params < fixed || r.params > MAX_PARAMS || r.in > INT32_MAX || r.out > INT32_MAX) {
		errno = EINVAL;
		die("the request is out of bounds");
	}
	get(&p, r.params);
	answer(ACCEPTED, NULL);
	limit(r.memory, r.cpu_seconds);
	void *in = map_part(0, r.in, PROT_READ);
	void *out = map_part((r.in + OUTPUT_ALIGN - 1) / OUTPUT_ALIGN * OUTPUT_ALIGN, r.out, PROT_READ | PROT_WRITE);
	int bands = p.format == OPAL_JPEG ? 3 : 4; // see handedOver
	if (p.beside != 0 || r.in == 0 || r.out == 0 || p.width > INT32_MAX || p.height > INT32_MAX ||
		(uint64_t)p.width * p.height > INT32_MAX || (uint64_t)p.width * p.height * bands != r.out) {
		answer(FAILED, "the request is out of bounds");
		return;
	}
	struct opal_source s = {
		.format = p.format, .data = in, .len = r.in, .width = p.width, .height = p.height, .bands = bands,
		.profile = p.profile, .profile_len = r.params - fixed,
	};
	char text[ERROR_TEXT] = "";
	if (opal_decode(&s, out, text, sizeof text) == 0)
		answer(DONE, NULL);
	else if (p.format == OPAL_AVIF && opal_lacks_av1(text))
		answer(DONE, OPAL_NO_HEIF);
	else
		answer(opal_own_fault(text) ? FAILED : REFUSED, text);
}

static void close_others(void) {
	if (syscall(SYS_close_range, FIRST_OTHER, ~0U, 0) != 0)
		for (int i = FIRST_OTHER; i < 1024; i++) // before Linux 5.9
			close(i);
}

// be_child turns this process, just forked, into a child with the files that were sent.
static void be_child(pid_t worker, const int files[FILES]) {
	// The kernel ends it with its parent, which is the template's own, see fork_child.
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != worker)
		_exit(1);
	for (int i = 0; i < FILES; i++) // none of those that were sent is below FIRST_OTHER
		if (dup2(files[i], i) < 0)
			_exit(1);
	close_others();
	work();
	_exit(0);
}

// fork_child returns like fork. The child's parent is the worker, as that of a child which
// it starts itself: it can wait for it, and nobody else can take its number.
static pid_t fork_child(void) { return syscall(SYS_clone, CLONE_PARENT, 0, 0, 0, 0); }

// receive waits for the worker's next message and the files with it, and returns its length;
// 0 when the worker has closed the socket.
static ssize_t receive(void *to, size_t room, int files[FILES], int *count) {
	union { char room[CMSG_SPACE(sizeof(int) * FILES)]; struct cmsghdr align; } beside;
	struct iovec part = {to, room};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &beside, .msg_controllen = sizeof beside};
	ssize_t n;
	do
		n = recvmsg(CONTROL, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		die("receive");
	*count = 0;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		*count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(files, CMSG_DATA(c), *count * sizeof(int));
	}
	return n;
}

// tell sends the worker a child's number, or why there is none.
static void tell(int32_t pid, int32_t error) {
	int32_t both[2] = {pid, error};
	if (send(CONTROL, both, sizeof both, MSG_NOSIGNAL) != sizeof both)
		_exit(1);
}

static void serve(void) {
	pid_t worker = getppid();
	close_others(); // that whoever started the worker has left open in it
	const struct rlimit none = {0, 0};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
		die("confine the template");
	char text[ERROR_TEXT] = "";
	if (opal_start(1, text, sizeof text) != 0) {
		dprintf(2, "start libvips: %s\n", text);
		_exit(1);
	}
	opal_prepare();
	struct stat tasks;
	errno = EBUSY;
	if (stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink != 3) // ., .. and one thread
		die("a template has one thread");
	int files[FILES], count;
	ssize_t n = receive(filter, sizeof filter, files, &count);
	filter_len = n / sizeof filter[0];
	tell(0, 0);
	for (;;) {
		char order;
		if (receive(&order, sizeof order, files, &count) <= 0)
			_exit(0);
		pid_t pid = count == FILES ? fork_child() : (errno = EINVAL, -1);
		if (pid == 0)
			be_child(worker, files);
		int error = errno;
		for (int i = 0; i < count; i++)
			close(files[i]);
		tell(pid, pid < 0 ? error : 0);
	}
}

// is_template reports whether the worker has started this process as a template of decoding
// children. Not every C library tells a constructor the arguments.
static int is_template(void) {
	static const char want[] = "child\0decode";
	char line[4096];
	if (getenv("OPAL_CHILD_TEMPLATE") == NULL)
		return 0;
	int f = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = f >= 0 ? read(f, line, sizeof line) : -1;
	close(f);
	return n > (ssize_t)sizeof want && memcmp(line + n - sizeof want, want, sizeof want) == 0;
}

__attribute__((constructor(OPAL_AFTER_SETTINGS))) static void serve_if_template(void) {
	if (is_template())
		serve();
}
