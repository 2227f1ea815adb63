package main

// maxrssUnit is how many bytes make the kernel's unit.
const maxrssUnit = 1024
