// Package doctor is the command "kindred doctor".
//
// It gathers first, and then decides: gather.go and the files beside it read what can be
// read into a state, and each check is a function from the state to findings, without a
// request and without a clock.
package doctor
