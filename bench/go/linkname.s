// Empty: with it in the package, the compiler accepts a function whose body is elsewhere.
