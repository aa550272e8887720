// Package broken breaks the real thing: replicas as operating-system processes
// that write objects of a real API server, each through a fault proxy of its own,
// in three systems side by side under the same fault at the same time: plain
// LeaderElectors of client-go, Kindred, and Kindred with the policies that "kindred
// policy" prints. The work is one function, the same in all of them.
//
// A history of every version of every object, read past the proxies, says what each
// system let through. docs/broken.md has the table that comes of it and how to read
// it.
package broken
