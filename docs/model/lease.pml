/*
 * The Kindred lease protocol for one shard: acquire, renew, drain, release,
 * expire, take over. README.md says what is modelled and what is not.
 *
 *   N              replicas: 2 or 3
 *   D              leaseDuration in ticks; the margin is one tick
 *   STEPS          a reconciler's steps between being told to stop and having returned
 *   FEWER_FAULTS   no crashes, and a request that was given up never arrives
 *   PROGRESS       faults stop at some moment; checked: the shard is owned within
 *                  BOUND ticks from then, and for ever (ltl progress)
 *
 * Mutations, each of which spin must refute:
 *
 *   RELEASE_BEFORE_STOP   the Lease is freed while the reconciler still runs; with
 *                         UNORDERED the order itself is not checked, so that the
 *                         two owners that follow from it are found
 *   SAFE_UNTIL_LATE       safe-until is a tick later than the expiry
 *   NO_MARGIN             safe-until is the expiry, without the margin for clocks
 *   FROM_ANSWER           safe-until counts from the answer to a write, not from
 *                         its sending
 *   SHORT_WATCH           a Lease is taken over a tick before it was watched for
 *                         its whole duration
 *   RELEASE_UNCHECKED     a release is written whatever the version is
 *   NEVER_EXPIRED         an expired Lease is not taken over; with UNBOUNDED the
 *                         bound is not checked, so that ltl progress is what fails
 */

#ifndef N
#define N 2
#endif
#ifndef D
#define D 4
#endif
#define MARGIN 1

#if defined(SAFE_UNTIL_LATE)
#define SAFE (D + 1)
#elif defined(NO_MARGIN)
#define SAFE D
#else
#define SAFE (D - MARGIN)
#endif

#ifdef SHORT_WATCH
#define WATCH (D - 1)
#else
#define WATCH D
#endif

#ifndef STEPS
#define STEPS 2
#endif

#ifdef PROGRESS
bool calm;
/* One whole watch of a Lease by a slow clock: D ticks and the two that it misses. */
#ifndef BOUND
#define BOUND (D + 2)
#endif
byte left = BOUND;
#ifdef UNBOUNDED
#define BOUNDED skip
#else
#define BOUNDED assert(OWNED)
#endif
/* Faults over, time passes only when there is nothing left to do at once. */
#define TIME (!calm || timeout)
#else
#define calm false
#define TIME true
#endif

/* phase */
mtype = { Standby, Owning, Draining, Lost };

/*
 * view: what the last version of the Lease that a replica saw says to it.
 * Nobody and Dead also are values of the Lease's holder. A process that was
 * started again has a new identity: the old one is Dead to everybody.
 */
mtype = { Unseen, Vacant, Mine, Other };

/*
 * request: the one that a replica waits for.
 *   Flying   not yet carried out; the version that it replaces is the current one
 *   Beaten   the version that it replaces is not current: it will be refused
 *   Done     carried out, the answer under way; Old when the Lease has changed since
 */
mtype = { None, WriteFlying, WriteBeaten, WriteDone, WriteDoneOld,
          BlankFlying, BlankBeaten, BlankDone };

typedef Replica {
	mtype phase = Standby;
	mtype view = Unseen;
	bool current;         /* the version seen is the store's: all that compare-and-swap needs */
	byte watch;           /* ticks that a held Lease must still be watched; 0: expired */
	mtype request = None;
	byte grant;           /* ticks that the request under way will give, counted from its sending */
	byte safe;            /* ticks to safe-until */
	byte running;         /* the reconciler: STEPS at work, 0 returned */
	bool lateWrite;       /* a write that was given up, and may still be carried out */
	bool lateBlank;       /* likewise a release */
	byte steady           /* ticks until the clock may miss one again */
};

Replica r[N];

/* The store: the holder is NOBODY, DEAD or a replica's number. The version is
   not a number: what matters is who has seen, or builds upon, the current one. */
#define NOBODY N
#define DEAD   (N + 1)
byte holder = NOBODY;
/* Requests of processes that are no more, which may still be carried out. */
bool deadWrite, deadBlank;

#define ENTITLED(i) (r[i].running > 0 && r[i].safe > 0)
#define OWNER(i)    (r[i].phase == Owning && ENTITLED(i))
#if N == 2
#define ENTITLEMENTS (ENTITLED(0) + ENTITLED(1))
#define OWNED        (OWNER(0) || OWNER(1))
#else
#define ENTITLEMENTS (ENTITLED(0) + ENTITLED(1) + ENTITLED(2))
#define OWNED        (OWNER(0) || OWNER(1) || OWNER(2))
#endif

/* Mutual exclusion, the end of every step. */
inline check() { assert(ENTITLEMENTS <= 1) }

/* Release only after stop: when a release is sent and when it is carried out. */
inline ordered(n) {
#ifndef UNORDERED
	assert(r[n].running == 0);
#endif
	skip
}

/* ---- the store ---- */

/* A new version: whatever was seen, or is to replace, is not current any more.
   What will be refused anyway needs no clock: fewer states, and no fewer runs. */
inline bump() {
	k = 0;
	do
	:: k < N ->
		r[k].current = false;
		r[k].watch = 0;
		r[k].lateWrite = false; /* will be refused, and nobody waits for the answer */
		r[k].lateBlank = false;
		if
		:: r[k].request == WriteFlying -> r[k].request = WriteBeaten; r[k].grant = 0
		:: r[k].request == WriteDone -> r[k].request = WriteDoneOld
		:: r[k].request == BlankFlying -> r[k].request = BlankBeaten
		:: else
		fi;
		k++
	:: else -> break
	od;
	k = 0;
	deadWrite = false;
	deadBlank = false
}

proctype Store(byte i) {
	byte k;
	do
	:: d_step { r[i].request == WriteFlying ->
		r[i].request = None; bump(); holder = i; r[i].request = WriteDone;
		printf("store:     holder is replica %d\n", i); check() }
	:: d_step { r[i].request == BlankFlying ->
		ordered(i); bump(); holder = NOBODY; r[i].request = BlankDone;
		printf("store:     released by replica %d\n", i); check() }
#ifdef RELEASE_UNCHECKED
	:: d_step { r[i].request == BlankBeaten ->
		bump(); holder = NOBODY; r[i].request = BlankDone;
		printf("store:     released by replica %d, which does not hold it\n", i); check() }
#endif
	:: d_step { r[i].lateWrite ->
		bump(); holder = i;
		printf("store:     holder is replica %d, by a write it gave up\n", i); check() }
	:: d_step { r[i].lateBlank ->
		ordered(i); bump(); holder = NOBODY;
		printf("store:     released by replica %d, by a write it gave up\n", i); check() }
	od
}

/* Requests that outlived their process. */
proctype Remains() {
	byte k;
	do
	:: d_step { deadWrite -> bump(); holder = DEAD;
		printf("store:     holder is a dead process, by a late write\n"); check() }
	:: d_step { deadBlank -> bump(); holder = NOBODY;
		printf("store:     released by a dead process, by a late write\n"); check() }
	od
}

/* ---- a replica ---- */

inline sendWrite() {
	if
	:: r[i].current -> r[i].request = WriteFlying; r[i].grant = SAFE
	:: else -> r[i].request = WriteBeaten
	fi
}

inline sendBlank() {
	if
	:: r[i].current -> r[i].request = BlankFlying
	:: else -> r[i].request = BlankBeaten
	fi
}

inline answered() {
	r[i].request = None;
	r[i].grant = 0
}

inline standBy() {
	r[i].phase = Standby;
	r[i].safe = 0
}

/* A look at the Lease, by the watch or by a read. A version that was not seen
   before starts the clock anew; and it ends a term that it contradicts. */
inline look() {
	r[i].current = true;
	r[i].watch = 0;
	if
	:: holder == NOBODY -> r[i].view = Vacant
	:: holder == i -> r[i].view = Mine
	:: else -> r[i].view = Other; r[i].watch = WATCH
	fi;
	if
	:: r[i].phase != Standby && r[i].view != Mine ->
		answered();
		if
		:: r[i].running > 0 -> r[i].phase = Lost
		:: else -> standBy()
		fi
	:: else
	fi
}

/* The answer to a write that was carried out. */
inline granted() {
	if
	:: r[i].request == WriteDoneOld && r[i].current && r[i].phase == Standby ->
		r[i].phase = Lost         /* the watch has already told of a later holder */
	:: else ->
		r[i].view = Mine;
		r[i].watch = 0;
		r[i].current = (r[i].request == WriteDone);
		if
		:: r[i].phase == Standby -> r[i].phase = Owning
		:: else
		fi
	fi
}

inline extend() {
#ifdef FROM_ANSWER
	r[i].safe = SAFE;
#else
	if
	:: r[i].grant > r[i].safe -> r[i].safe = r[i].grant
	:: else
	fi;
#endif
	skip
}

#ifdef NEVER_EXPIRED
#define EXPIRED(i) false
#else
#define EXPIRED(i) (r[i].view == Other && r[i].watch == 0)
#endif

#ifdef RELEASE_BEFORE_STOP
#define MAY_RELEASE(i) true
#else
#define MAY_RELEASE(i) (r[i].running == 0)
#endif

#define ANSWER(i) (r[i].request == WriteDone || r[i].request == WriteDoneOld)

proctype Life(byte i) {
	do
	/* The watch: at any time after the change, versions in between passed over. */
	:: d_step { !r[i].current ->
		look();
		printf("replica %d: sees %e\n", i, r[i].view); check() }

	/* Campaign. */
	:: d_step { r[i].phase == Standby && r[i].running == 0 && r[i].request == None &&
			(r[i].view == Vacant || r[i].view == Mine || EXPIRED(i)) ->
		sendWrite();
		printf("replica %d: campaigns, having seen %e\n", i, r[i].view); check() }
	:: d_step { r[i].phase == Standby && ANSWER(i) ->
		granted();
		extend();
		r[i].running = STEPS;
		answered();
		printf("replica %d: starts the reconciler, safe for %d\n", i, r[i].safe); check() }
	/* The campaign was called off, but its write was carried out. */
	:: d_step { !calm && r[i].phase == Standby && ANSWER(i) ->
		granted();
		r[i].phase = Draining;
		answered();
		if
		:: r[i].view != Mine -> standBy()
		:: else
		fi;
		printf("replica %d: has won what it does not want\n", i); check() }

	/* Renew, also while draining. */
	:: d_step { (r[i].phase == Owning || (r[i].phase == Draining && r[i].running > 0)) &&
			r[i].request == None && r[i].view == Mine && (!calm || r[i].safe < SAFE) ->
		sendWrite();
		printf("replica %d: renews\n", i); check() }
	:: d_step { (r[i].phase == Owning || r[i].phase == Draining) && ANSWER(i) ->
		granted();
		if
		:: r[i].running > 0 -> extend()
		:: else
		fi;
		answered();
		printf("replica %d: renewed, safe for %d\n", i, r[i].safe); check() }

	/* A write was refused: read before another. */
	:: d_step { r[i].request == WriteBeaten ->
		answered();
		if
		:: !r[i].current -> look()
		:: else
		fi;
		printf("replica %d: refused, sees %e\n", i, r[i].view); check() }

	/* Drain: the plan moved the shard, shutdown, renewals fail, safe-until passed. */
	:: d_step { r[i].phase == Owning && (!calm || r[i].safe == 0) ->
		r[i].phase = Draining;
		printf("replica %d: tells the reconciler to stop\n", i); check() }
	:: d_step { r[i].phase != Owning && r[i].running > 0 ->
		r[i].running--;
		if
		:: r[i].running == 0 ->
			r[i].safe = 0;
			r[i].grant = 0;
			if
			:: r[i].phase == Lost -> standBy()
			:: else
			fi;
			printf("replica %d: the reconciler has returned\n", i)
		:: else ->
			printf("replica %d: the reconciler is on its way out\n", i)
		fi; check() }

	/* Release: the end of a drain. */
	:: d_step { r[i].phase == Draining && r[i].request == None && MAY_RELEASE(i) ->
		ordered(i);
		sendBlank();
		r[i].phase = Standby;
		printf("replica %d: releases\n", i); check() }
	/* A Lease that names us without a term: an answer was lost. */
	:: d_step { r[i].phase == Standby && r[i].running == 0 && r[i].request == None && r[i].view == Mine ->
		sendBlank();
		printf("replica %d: releases what is left over\n", i); check() }
	:: d_step { r[i].request == BlankDone ->
		answered();
		if
		:: !r[i].current -> r[i].view = Unseen; r[i].watch = 0
		:: else
		fi;
		printf("replica %d: has released\n", i); check() }
	:: d_step { r[i].request == BlankBeaten ->
		answered();
		if
		:: !r[i].current -> look()
		:: else
		fi;
		if
		:: r[i].view == Mine -> sendBlank()
		:: else
		fi;
		printf("replica %d: release refused, sees %e\n", i, r[i].view); check() }

	/* Faults. An answer is lost, or a request given up, which may still arrive.
	   A pause needs no line here: nothing has to happen before a tick. */
	:: d_step { !calm && r[i].request != None ->
#ifndef FEWER_FAULTS
		if
		:: r[i].request == WriteFlying -> r[i].lateWrite = true
		:: r[i].request == BlankFlying -> r[i].lateBlank = true
		:: else
		fi;
#endif
		answered();
		printf("replica %d: gives its request up\n", i); check() }
#ifndef FEWER_FAULTS
	/* A crash, and a new process in its place. */
	:: d_step { !calm && r[i].view != Unseen ->
		if
		:: r[i].request == WriteFlying || r[i].lateWrite -> deadWrite = true
		:: else
		fi;
		if
		:: r[i].request == BlankFlying || r[i].lateBlank -> deadBlank = true
		:: else
		fi;
		if
		:: holder == i -> holder = DEAD
		:: else
		fi;
		answered();
		standBy();
		r[i].running = 0;
		r[i].view = Unseen;
		r[i].current = false;
		r[i].watch = 0;
		r[i].lateWrite = false;
		r[i].lateBlank = false;
		printf("replica %d: crashes\n", i); check() }
#endif
	od
}

/* ---- time ---- */

inline down(x) {
	if
	:: x > 0 -> x--
	:: else
	fi
}

/* A tick of all clocks but those in the set missed, a bit for each replica. In any D ticks a clock
   misses at most one, which is the margin. */
#define MAY_MISS(j, missed) (!(missed & (1 << j)) || r[j].steady == 0)
#if N == 2
#define MAY(missed) (MAY_MISS(0, missed) && MAY_MISS(1, missed))
#else
#define MAY(missed) (MAY_MISS(0, missed) && MAY_MISS(1, missed) && MAY_MISS(2, missed))
#endif

inline tick(missed) {
	atomic { TIME && MAY(missed) -> d_step {
#ifdef PROGRESS
		if
		:: calm && left == 0 -> BOUNDED
		:: calm && left > 0 -> left--
		:: else
		fi;
#endif
		k = 0;
		do
		:: k < N && (missed & (1 << k)) ->
			r[k].steady = D - 1;
			k++
		:: k < N && !(missed & (1 << k)) ->
			down(r[k].steady);
			down(r[k].watch);
			down(r[k].grant);
			down(r[k].safe);
			k++
		:: else -> break
		od;
		k = 0;
		if
		:: missed == 0 -> printf("---------- tick\n")
		:: else -> printf("---------- tick, missed by the clocks of the set %d\n", missed)
		fi;
		check()
	} }
}

proctype Clock() {
	byte k;
	do
	:: tick(0)
	:: tick(1)
	:: tick(2)
	:: tick(3)
#if N == 3
	:: tick(4)
	:: tick(5)
	:: tick(6)
	:: tick(7)
#endif
#ifdef PROGRESS
	:: d_step { !calm -> calm = true; printf("---------- faults are over\n") }
#endif
	od
}

init {
	atomic {
		byte j;
		for (j : 0 .. N - 1) {
			run Store(j);
			run Life(j)
		}
		j = 0;
		run Remains();
		run Clock()
	}
}

#ifdef PROGRESS
ltl progress { [] (calm -> <> [] OWNED) }
#endif
