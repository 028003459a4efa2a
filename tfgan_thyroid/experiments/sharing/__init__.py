"""An experiment: does a generator that one hospital shares help another hospital that has few labels?"""
