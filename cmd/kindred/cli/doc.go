// Package cli is what the commands that read Leases have in common: kubectl's flags,
// how to reach the API server, formats, and completion.
package cli
