package main

// maxrssUnit is how many of the kernel's units make a KB.
const maxrssUnit = 1
